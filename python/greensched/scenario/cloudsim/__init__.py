"""Files of CloudSim Plus Automation (``datacenters:``, ``customers:``) as scenarios."""
