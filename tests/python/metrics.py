"""Reads metrics on stdin as Prometheus would, and prints the families as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    samples = [{"name": sample.name, "labels": sample.labels, "value": str(sample.value)} for sample in family.samples]
    # The parser takes `_total` off the names of counters.
    name = family.name + "_total" if family.type == "counter" else family.name
    families[name] = {"type": family.type, "help": family.documentation, "samples": samples}
json.dump(families, sys.stdout)
