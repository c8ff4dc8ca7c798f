"""What pickup keeps in Cosmos DB."""
