"""E-mail to patients: what is written, in which words, and how it is sent."""
