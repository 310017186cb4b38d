"""Every flag of the commands and scripts, with the rules between them."""
