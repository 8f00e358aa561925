"""How fast the site is, as commands that print ratios. Dated figures stand in `record.md`."""
