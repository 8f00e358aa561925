"""What the pages share: frame, controls, owner, components. Knows widgets, not mathematics."""
