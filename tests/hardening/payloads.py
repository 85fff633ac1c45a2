"""Texts that a browser, a spreadsheet, a Markdown reader or a template would take for more than text."""

PAYLOADS = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "image elsewhere": '<img src="http://attack.invalid/a.png">',
    "drawing": "<svg onload=alert(1)><animate onbegin=alert(1) attributeName=x></svg>",
    "link": "javascript:alert(1)",
    "anchor": '<a href="javascript:alert(1)">a</a>',
    "double quotes": '" onmouseover="alert(1)" x="',
    "single quotes": "' onfocus='alert(1)' autofocus='",
    "end of a tag": "x'>\"><b onclick=alert(1)>",
    "end of an element": "</style></script></textarea></title><iframe src=http://attack.invalid></iframe>",
    "comment": "--><img src=x onerror=alert(1)><!--",
    "data": "</option></select><details open ontoggle=alert(1)>",
    "style": "x:expression(alert(1));background:url(http://attack.invalid/a)",
    "Markdown image": "![a](http://attack.invalid/a.png)",
    "Markdown link": "[a](javascript:alert(1))",
    "template": "{{7*7}} ${alert(1)} <%= 1 %> #{1}",
    "formula": '=HYPERLINK("http://attack.invalid";1)|\'cell',
    "table": "a | b\n|---|\n\r\n# c",
    "long": "<b>" * 700,
    "right to left": "\u202egpj.<b>\u2066x\u202c\u200f",
    "unusual": "\ufeff\u0001<b>\u2028\ud83d",
}
"""By what each would be."""
