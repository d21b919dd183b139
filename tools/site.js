// What the pages of the site do: dark mode, menus, blocks that scroll, search. Copied into the site by tools/finish_docs.py.
(() => {
  const root = document.currentScript.dataset.root, html = document.documentElement;
  const $ = (sel, from = document) => from.querySelector(sel), $$ = (sel, from = document) => [...from.querySelectorAll(sel)];

  // ---- light and dark
  const scheme = $('.vl-scheme'), setDark = dark => {
    if (dark) html.dataset.scheme = 'alternate'; else delete html.dataset.scheme;
    html.dataset.bsTheme = dark ? 'dark' : 'light';
    html.classList.toggle('quarto-dark', dark);
    for (const bar of $$('.sd-navbar-default')) bar.dataset.bsTheme = html.dataset.bsTheme;
    if (scheme) scheme.setAttribute('aria-pressed', dark);
  };
  setDark(html.dataset.scheme === 'alternate');
  if (scheme) scheme.addEventListener('click', () => {
    setDark(html.dataset.scheme !== 'alternate');
    try { localStorage.setItem('visionlab-scheme', html.dataset.scheme === 'alternate' ? 'dark' : 'light') } catch (e) { /* private window */ }
  });

  // ---- menus of a narrow screen: the button says whether they are open, Escape closes them
  const menu = (button, panel) => {
    if (!button || !panel) return;
    const open = on => { panel.classList.toggle('show', on); button.setAttribute('aria-expanded', on) };
    button.addEventListener('click', () => { const on = !panel.classList.contains('show'); open(on); if (on) { const a = $('.active', panel) || $('a, summary, input', panel); if (a) a.focus() } });
    document.addEventListener('keydown', e => { if (e.key === 'Escape' && panel.classList.contains('show')) { open(false); button.focus() } });
    document.addEventListener('click', e => { if (!panel.contains(e.target) && !button.contains(e.target)) open(false) });
  };
  const sidebar = $('#quarto-sidebar');
  menu($('.navbar-toggler'), $('#navbarCollapse'));
  menu($('.vl-sidebar-toggle'), sidebar);
  const here = sidebar && $('.active', sidebar);
  if (here) sidebar.scrollTop = here.offsetTop - sidebar.clientHeight/3;

  // ---- what scrolls sideways can be reached with Tab and moved with the arrows
  const reach = el => {
    const on = el.scrollWidth > el.clientWidth + 1;
    if (on === el.hasAttribute('tabindex')) return;
    if (el.matches('.vl-fig')) { if (on) el.tabIndex = 0; else el.removeAttribute('tabindex'); return }
    if (on) { el.tabIndex = 0; el.setAttribute('role', 'region'); el.setAttribute('aria-label', el.matches('pre') ? 'Code or output, scrolls sideways' : 'Table or figure, scrolls sideways') }
    else for (const k of ['tabindex', 'role', 'aria-label']) el.removeAttribute(k);
  };
  const scrollers = $$('main pre, .vl-fig, .cell-output-display, .sd-table, .math.display, main > table'), watch = new ResizeObserver(es => es.forEach(e => reach(e.target)));
  for (const el of scrollers) { reach(el); watch.observe(el) }

  // ---- copying: the text as it was written, without the breaks of the screen
  document.addEventListener('click', async e => {
    const button = e.target.closest('.code-copy-button');
    if (!button) return;
    e.stopImmediatePropagation();
    try { await navigator.clipboard.writeText($('pre code', button.parentElement).textContent) } catch (err) { return }
    button.classList.add('code-copy-button-checked');
    button.setAttribute('aria-label', 'Copied');
    setTimeout(() => { button.classList.remove('code-copy-button-checked'); button.setAttribute('aria-label', 'Copy') }, 1500);
  }, true);

  // ---- search: every word must be there; lessons first, then where it stands
  const box = $('.vl-search'), input = box && $('input', box), found = box && $('.vl-found', box);
  if (!box) return;
  let asked = null, at = -1;
  const index = () => asked || (asked = new Promise((done, fail) => {
    const s = document.createElement('script');
    s.src = root + 'search.js';
    s.onload = () => done(window.searchIndex);
    s.onerror = fail;
    document.head.append(s);
  }));
  const stem = w => w.length > 5 ? w.replace(/(ings?|e?s|ed)$/, '') : w.length > 3 ? w.replace(/s$/, '') : w;
  const score = (e, words, phrase) => {
    const title = e.title.toLowerCase(), section = (e.section || '').toLowerCase(), text = (e.text || '').toLowerCase(), all = title + ' ' + section + ' ' + text;
    if (!words.every(w => all.includes(w))) return 0;
    let s = [20, 10, 0][e.rank] - (/^(recap|questionnaire|exercises|numbers reproduced)$/.test(section) ? 6 : 0);
    if (title.replace(/^\d+ /, '') === phrase || section === phrase) s += 14;
    else if (section.includes(phrase) || title.includes(phrase)) s += 9;
    else if (words.every(w => section.includes(w) || title.includes(w))) s += 6;
    if (text.includes(phrase)) s += 3 + Math.min(2, text.split(phrase).length - 2);
    return s + 1;
  };
  const safe = s => s.replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
  const marked = (s, words) => words.reduce((t, w) => t.replace(new RegExp('(' + w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + ')(?![^<]*>)', 'ig'), '<mark>$1</mark>'), safe(s));
  const snippet = (text, words, phrase) => {
    const low = text.toLowerCase(), i = Math.max(0, low.indexOf(phrase) >= 0 ? low.indexOf(phrase) : low.indexOf(words[0]));
    const from = i < 70 ? 0 : text.indexOf(' ', i - 60) + 1;
    return (from ? '… ' : '') + marked(text.slice(from, from + 170), words);
  };
  const close = () => { found.hidden = true; input.setAttribute('aria-expanded', 'false'); input.removeAttribute('aria-activedescendant'); at = -1 };
  const run = async () => {
    const phrase = input.value.trim().toLowerCase(), words = phrase.split(/\s+/).map(stem).filter(Boolean);
    if (phrase.length < 2) return close();
    const all = await index(), hits = all.map((e, i) => [score(e, words, phrase), i, e]).filter(h => h[0]).sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, 20);
    found.innerHTML = hits.length ? hits.map(([, , e], i) => `<a id="vl-hit-${i}" class="vl-hit" role="option" tabindex="-1" aria-selected="false" href="${root}${safe(e.href)}"><strong>${safe(e.title)}</strong>` +
      (e.section ? `<span class="vl-where">${marked(e.section, words)}</span>` : '') + `<span class="vl-text">${snippet(e.text || '', words, phrase)}</span></a>`).join('')
      : '<p role="option" aria-selected="false" class="vl-none">Nothing found</p>';
    found.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    at = -1;
  };
  const go = i => {
    const hits = $$('.vl-hit', found);
    if (!hits.length) return;
    at = (i + hits.length) % hits.length;
    hits.forEach((h, k) => { h.classList.toggle('active', k === at); h.setAttribute('aria-selected', k === at) });
    input.setAttribute('aria-activedescendant', 'vl-hit-' + at);
    hits[at].scrollIntoView({ block: 'nearest' });
  };
  let timer;
  input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(run, 100) });
  input.addEventListener('focus', () => { index(); if (input.value) run() });
  input.addEventListener('keydown', async e => {
    if (e.key === 'Escape') close();
    if (e.key === 'ArrowDown') { e.preventDefault(); go(at + 1) }
    if (e.key === 'ArrowUp') { e.preventDefault(); go(at < 0 ? -1 : at - 1) }
    if (e.key === 'Enter') { e.preventDefault(); clearTimeout(timer); if (found.hidden || at < 0) await run(); const hit = $$('.vl-hit', found)[Math.max(at, 0)]; if (hit) hit.click() }
  });
  box.addEventListener('focusout', e => { if (!box.contains(e.relatedTarget)) setTimeout(() => { if (!box.contains(document.activeElement)) close() }, 150) });
  document.addEventListener('keydown', e => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
    if ((e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) || (e.key === 'k' && (e.ctrlKey || e.metaKey))) {
      const panel = $('#navbarCollapse'), button = $('.navbar-toggler');
      if (panel && !input.offsetParent && button) button.click();
      e.preventDefault();
      input.focus();
    }
  });
})();
