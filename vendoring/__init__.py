"""What others wrote for the pages, taken from npm into `public/vendor`."""
