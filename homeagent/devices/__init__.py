"""Physics and limits of each device class, one file each."""
