"""What citizens see: the home page, handing in online, a matter by its query code, and checking a slip."""
