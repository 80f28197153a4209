"""Steps that bring a database of any former release to the tables of this one; forwards only."""
