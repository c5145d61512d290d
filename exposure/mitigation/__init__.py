"""Mitigation (风险缓释): from gross to net, and the bridge between them."""
