"""How many modes each technique keeps, on data whose modes are known."""
