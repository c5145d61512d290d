"""Where deliveries come from: each source gives ``Raw`` tables, before any column is understood."""
