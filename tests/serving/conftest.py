"""What tests of exports share: no seeding between tests, and no graph optimisation."""

from exported import seeded, unoptimised

__all__ = ["seeded", "unoptimised"]
