"""What the functions share, in one room for each purpose."""
