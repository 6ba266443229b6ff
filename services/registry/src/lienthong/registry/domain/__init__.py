"""Rules of the registry: pure, without a clock, database or framework."""
