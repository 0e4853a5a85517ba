"""Exchange with the hospital: results as DICOM objects and bundles, a PACS, de-identification, navigation."""
