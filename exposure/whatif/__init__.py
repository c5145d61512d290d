"""What-if (试算): what a proposed change would do to groups, exposures and limits, before it is done."""
