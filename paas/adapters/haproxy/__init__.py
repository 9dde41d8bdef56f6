"""HAProxy as the router: a configuration that can be thrown away, changed at run time through its runtime API."""
