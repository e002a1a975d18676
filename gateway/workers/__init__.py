"""Several processes behind one address (`--num_workers`)."""
