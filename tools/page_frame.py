"""The frame of a page of the site, for keyboard, screen reader and phone: `tools/finish_docs.py` puts every built page into it.

What smalldocs writes is changed here: parts of the sidebar fold as `<details>`, toggles are buttons, one style sheet serves light and dark,
search is our own (tools/site.js), long lines of code can wrap."""
import html, os, re
from pathlib import PurePosixPath as Pure

SCHEME = '''(() => { let s = null; try { s = localStorage.getItem('visionlab-scheme') } catch (e) {}
const d = document.documentElement, dark = s ? s === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
if (dark) d.dataset.scheme = 'alternate'; d.dataset.bsTheme = dark ? 'dark' : 'light' })()'''
SKIP = '<a class="vl-skip" href="#quarto-document-content">Skip to the text</a>'
ITEM = re.compile(r'<a href="([^"]*)" class="sidebar-item-text sidebar-link( active)?"[^>]*><span class="menu-text">(.*?)</span>')
SECTION = re.compile(r'<li class="sidebar-item sidebar-item-section">.*?<span class="menu-text">(.*?)</span>.*?<ul id="quarto-sidebar-section[^>]*>(.*?)</ul></li>', re.S)
SIDEBAR = re.compile(r'<nav id="quarto-sidebar".*?</nav>', re.S)
SEARCH = '''<div class="vl-search" role="search"><input type="search" class="form-control form-control-sm" placeholder="Search" role="combobox" \
aria-label="Search" aria-expanded="false" aria-controls="vl-found" aria-autocomplete="list" autocomplete="off" autocapitalize="off" spellcheck="false">\
<div id="vl-found" class="vl-found" role="listbox" aria-label="Found" hidden></div></div>'''

def link(here, href, active, name, questions): # an entry of the sidebar of page `here`
    "With the question its page answers."
    asked = questions.get(os.path.normpath(here.parent/href))
    more = f'<span class="vl-asks">{asked}</span>' if asked else ''
    return f'<li><a href="{href}"{" class=active aria-current=page" if active else ""}>{name}{more}</a></li>'

def sidebar(s, here, questions):
    "Its parts fold, and can be reached with Tab; those of another kind than this page are folded."
    kind = 'lessons' if here.name == 'index.html' and len(here.parts) == 1 else here.parts[0]
    def part(m):
        items = ITEM.findall(m[2])
        kinds = {Pure(os.path.normpath(here.parent/href)).parts[0] for href, *_ in items}
        is_open = kind in kinds or (kind == 'source' and 'api' in kinds)
        return f'<li><details{" open" * is_open}><summary>{m[1]}</summary><ul>{"".join(link(here, *i, questions) for i in items)}</ul></details></li>'
    def whole(m):
        inner = re.sub(r'<li class="sidebar-item"><div class="sidebar-item-container">' + ITEM.pattern + r'</a></div></li>', lambda i: link(here, *i.groups(), questions),
                       SECTION.sub(part, m[0]))
        return re.sub(r'^<nav [^>]*>', '<nav id="quarto-sidebar" class="sidebar sidebar-navigation floating" aria-label="Lessons and pages">', inner)
    return SIDEBAR.sub(whole, s, count=1)

def wrapped_lines(code):
    "Highlighted code in which each long line is a block of its own, so that what wraps is indented under its beginning."
    res, open_tags = [], []
    for line in code.split('\n'):
        before = ''.join(open_tags)
        for tag in re.findall(r'<span[^>]*>|</span>', line): open_tags.pop() if tag == '</span>' else open_tags.append(tag)
        text = html.unescape(re.sub(r'<[^>]+>', '', line))
        if len(text) <= 40: res.append((line, False))
        else:
            indent = len(text) - len(text.lstrip())
            res.append((f'{before and "</span>"*before.count("<span")}<span class="vl-line" style="--in:{indent}">{before}{line}\n{"</span>"*len(open_tags)}</span>{"".join(open_tags)}', True))
    out = ''
    for i, (line, block) in enumerate(res): out += line + ('' if block or i == len(res) - 1 else '\n')
    return out

def code_blocks(s):
    "Code wraps; so does what is printed, but for columns of text on a phone."
    s = re.sub(r'(<div class="cell-output[^>]*>\s*<pre)(?=><code>([^<]*)</code>)', lambda m: m[1] + ' class="vl-columns"'*bool(re.search(r'^.*\S {3,}\S.*\n.*\S {3,}\S', m[2], re.M)), s)
    return re.sub(r'(<pre class="sourceCode[^>]*><code[^>]*>)(.*?)(</code></pre>)', lambda m: m[1] + wrapped_lines(m[2]) + m[3], s, flags=re.S)

def buttons(s):
    "What is pressed is a button, and says what it does."
    s = re.sub(r'<a class="quarto-color-scheme-toggle nav-link".*?</a>', '<button type="button" class="vl-scheme nav-link" aria-label="Dark mode" aria-pressed="false"><i class="bi"></i></button>', s, flags=re.S)
    s = re.sub(r'<button class="navbar-toggler"[^>]*>', '<button class="navbar-toggler" type="button" aria-controls="navbarCollapse" aria-expanded="false" aria-label="Menu">', s)
    s = re.sub(r'<button type="button" class="quarto-btn-toggle btn"[^>]*>', '<button type="button" class="vl-sidebar-toggle btn" aria-controls="quarto-sidebar" aria-expanded="false" aria-label="Lessons and pages">', s)
    return s.replace('<button title="Copy to Clipboard" class="code-copy-button">', '<button type="button" aria-label="Copy" class="code-copy-button">')

def framed(s, path, questions): # HTML of a page, its path in the site, the question each page answers by its path
    "The page with our frame around its text."
    up, here = '../'*(path.count('/')), Pure(path)
    s = re.sub(r'<link rel="stylesheet" href="[^"]*darkly[^>]*>', '', s)
    s = re.sub(r'(<link rel="stylesheet" href="[^"]*cosmo\.min\.css")[^>]*>', r'\1>', s)
    s = re.sub(r'<script src="[^"]*(?:bootstrap\.bundle|fuse)\.min\.js"></script>|<script>\(function\(\)\{var d=document\.documentElement.*?</script>', '', s, flags=re.S)
    s = re.sub(r'<script src="[^"]*smalldocs\.js" defer></script>', f'<script src="{up}site_libs/smalldocs.js" defer></script><script src="{up}site_libs/site.js" defer data-root="{up}"></script>', s)
    s = re.sub(r'<div class="smalldocs-search".*?</div></div>', SEARCH, s, flags=re.S)
    s = s.replace('<head>', f'<head><script>{SCHEME}</script>', 1).replace('<header id="quarto-header"', SKIP + '<header id="quarto-header"', 1)
    s = s.replace('<main class="content" id="quarto-document-content">', '<main class="content" id="quarto-document-content" tabindex="-1">', 1)
    s = s.replace('<nav class="navbar ', '<nav aria-label="Site" class="navbar ', 1).replace('<nav class="page-navigation">', '<nav class="page-navigation" aria-label="Previous and next">', 1)
    s = s.replace('<nav class="quarto-secondary-nav">', '<div class="quarto-secondary-nav">', 1).replace('</ol></nav></div></nav></header>', '</ol></nav></div></div></header>', 1)
    s = s.replace('<nav id="TOC" role="doc-toc"', '<nav id="TOC" aria-labelledby="toc-title"', 1)
    return code_blocks(sidebar(buttons(s), here, questions))
