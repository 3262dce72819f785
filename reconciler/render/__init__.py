"""Plans, reports, drift and diagnostics as text, JSON and annotations. Pure: no I/O, no clock, no environment.

All that comes from a manifest, a provider or a saved plan is foreign text: it is escaped (`foreign`), and what a format
itself gives a meaning to is escaped again by that format."""
