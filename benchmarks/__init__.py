"""What the platform costs, as ratios within one run."""
