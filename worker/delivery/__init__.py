"""Networks on their way out: safetensors, readable source, recipe and manifest, alone or as one zip."""

from worker.delivery.archive import write_zip
from worker.delivery.bundle import bundle
from worker.delivery.manifest import Origin, manifest
from worker.delivery.source import write_source

__all__ = ["Origin", "bundle", "manifest", "write_source", "write_zip"]
