"""A package of files as platforms take it: a ZIP whose imsmanifest.xml names what it holds."""

import io
import zipfile
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # so that the same bank makes the same file


def zipped(files: dict[str, str]) -> bytes:
    """Return a ZIP of these files, by name."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, FIRST_DAY), text, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def document(element: Element) -> str:
    """Return an element as the text of a file, with no blank but its own."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(element, "unicode")


def manifest(namespace: str, schema: tuple[str, str], resources: list[tuple[str, str, str]]) -> str:
    """Return imsmanifest.xml; a resource is its identifier, its type and its file."""
    top = Element("manifest", identifier="qkv_manifest", xmlns=namespace)
    about = SubElement(top, "metadata")
    SubElement(about, "schema").text, SubElement(about, "schemaversion").text = schema
    SubElement(top, "organizations")
    listed = SubElement(top, "resources")
    for identifier, kind, file in resources:
        its = SubElement(listed, "resource", identifier=identifier, type=kind, href=file)
        SubElement(its, "file", href=file)
    return document(top)
