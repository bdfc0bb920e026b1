"""Speed and memory, as ratios or curves from one run."""
