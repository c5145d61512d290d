"""Who asks: the only place that wires everything together."""
