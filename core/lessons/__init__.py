"""One module for each page: choices in, one frozen result out."""
