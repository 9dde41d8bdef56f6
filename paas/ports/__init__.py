"""The seams: small protocols, one module each. The docstring is the contract; tests/contract holds every adapter to it.

A port says what comes in and out, which errors of `paas.errors` it raises, and what happens when the part
behind it is down. No vendor's exception passes a port.
"""
