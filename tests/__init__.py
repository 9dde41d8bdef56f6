"""All tests: architecture, unit (mirrors paas/), contract (each port: memory and real), integration, e2e."""
