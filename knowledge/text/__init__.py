"""Text as people read it: plain, in sentences and other units, without words that say nothing."""
