"""Minutes on a machine with a GPU and no network: what `burst.sh` calls."""
