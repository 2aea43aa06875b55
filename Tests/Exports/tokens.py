"""Makes the ids of a text as the metadata of an ONNX file and docs/data-sets.md say, apart from the server's code.

Tokens are the same when they are canonically equivalent, which NFC makes visible.
"""

import unicodedata

import numpy as np
import regex

UNKNOWN = 1
RESERVED = 2
CJK = regex.compile(r"[\p{Ideographic}\u3040-\u30FF]")


def is_letter(cluster):
    return regex.match(r"\p{Alphabetic}", cluster) is not None


def is_number(cluster):
    return unicodedata.numeric(cluster[0], None) is not None


def words(text):
    clusters = regex.findall(r"\X", text)
    found, word = [], ""
    for index, cluster in enumerate(clusters):
        following = clusters[index + 1] if index + 1 < len(clusters) else ""
        inside = cluster in ("'", "\u2019") and word and is_letter(regex.findall(r"\X", word)[-1]) and is_letter(following)
        alone = ord(cluster[0]) >= 0x2E80 and CJK.match(cluster)
        if not alone and (is_letter(cluster) or is_number(cluster)):
            word += cluster
        elif inside:
            word += "'"
        else:
            found, word = found + ([word] if word else []), ""
            if not cluster.isspace():
                found.append(cluster)
    return found + ([word] if word else [])


def ids(text, inputs):
    """The ids of one text, padded with zeros."""
    options = inputs["options"]
    known = {unicodedata.normalize("NFC", token): index + RESERVED for index, token in enumerate(inputs["vocabulary"])}
    text = text.lower() if options["lowercase"] else text
    cut = words(text) if options["tokens"] == "words" else regex.findall(r"\X", text)
    separator = " " if options["tokens"] == "words" else ""
    grams = [
        separator.join(cut[start : start + length])
        for start in range(len(cut))
        for length in range(options["ngrams_min"], options["ngrams_max"] + 1)
        if start + length <= len(cut)
    ]
    result = np.zeros(options["tokens_max"], dtype=np.int64)
    for place, gram in enumerate(grams[: options["tokens_max"]]):
        result[place] = known.get(unicodedata.normalize("NFC", gram), UNKNOWN)
    return result
