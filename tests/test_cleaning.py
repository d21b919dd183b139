"""Lesson 22's cleaner as a learner uses it in JupyterLab; and files stay safe when it is killed at any moment."""
import os, random, re, signal, time
from pathlib import Path
import pytest
from playwright.sync_api import expect
from test_lab import find, open_lesson, repo, served_lab, wait_until_done
from visionlab.cleaning import DELETE, KEEP, CleaningChoices, FileCleaner, MoveLog
from visionlab.datablock import get_image_files, parent_label

LESSON = '22_cleaning.ipynb'

def tree(root):
    "What is in every picture, by its place; the bin counts."
    return {p.relative_to(root).as_posix(): p.read_text() for p in root.rglob('*.png')}

@pytest.fixture
def folder(tmp_path):
    "Two classes with pictures of the same names; each says in itself what is to become of it."
    root, dice = tmp_path/'pets', random.Random(0)
    for label in ('cat', 'dog'):
        (root/label).mkdir(parents=True)
        for i in range(40): (root/label/f'{i:03}.png').write_text(f'{label} {i}: {dice.choice([KEEP, DELETE, "cat", "dog"])}')
    return root

def cleaner(root):
    "With all choices made that are still to be made."
    fns = get_image_files(root)
    res = FileCleaner(fns, [parent_label(o) for o in fns], ['cat', 'dog'], root)
    for i, fn in enumerate(fns): res.choose(i, fn.read_text().split(': ')[1])
    return res

def check_applied(root):
    for place, text in tree(root).items():
        label, wish = re.match(r'(\w+) \d+: (.+)', text).groups()
        want = f'.bin/{label}' if wish == DELETE else label if wish == KEEP else wish
        assert str(Path(place).parent) == want, (place, text)

# ---- choices, moves

def test_choices_are_kept_undone_and_listed(folder):
    fns = get_image_files(folder)
    o = CleaningChoices(fns, [parent_label(f) for f in fns], ['cat', 'dog'])
    for i, what in ((3, DELETE), (50, 'cat'), (4, 'dog'), (3, KEEP), (60, 'dog')): o.choose(i, what)  # 60 is a dog already
    assert (list(o.delete()), list(o.change())) == ([], [(4, 'dog'), (50, 'cat')]) and list(o.summary().becomes) == ['dog', 'cat']
    assert [o.undo() for _ in range(5)] == [3, 4, 50, 3, None] and not len(o.summary())
    with pytest.raises(ValueError, match='is none of'): o.choose(0, 'bird')

def test_apply_moves_once_and_restore_brings_back(folder):
    before, o = tree(folder), cleaner(folder)
    n = len(o.summary())
    assert len(o.apply()) == n and len(tree(folder)) == len(before) and sorted(tree(folder).values()) == sorted(before.values())
    check_applied(folder)
    assert not o.apply() and not o.undo() and not len(o.summary()) and len(o.moves.read()) == n
    assert not any('.bin' in p.parts for p in get_image_files(folder))
    assert len(MoveLog(folder).take_back()) == n and tree(folder) == before           # by whoever comes later, too
    assert not o.restore() and tree(folder) == before

def test_turns_are_taken_back_one_by_one(folder):
    before, o = tree(folder), cleaner(folder)
    fns = o.fns
    o.apply()
    middle = tree(folder)
    left = FileCleaner(get_image_files(folder), [parent_label(f) for f in get_image_files(folder)], ['cat', 'dog'], folder)
    for i in range(9): left.choose(i, 'dog' if left.labels[i] == 'cat' else DELETE)
    left.apply()
    assert tree(folder) != middle
    left.restore()
    assert tree(folder) == middle
    left.restore()
    assert tree(folder) == before and get_image_files(folder) == fns

def test_nothing_is_overwritten(folder):
    o = cleaner(folder)
    o.apply()
    for label in ('cat', 'dog'): (folder/label/'000.png').write_text(f'{label} 999: {KEEP}')  # where a file came from is another one now
    every = sorted(tree(folder).values())
    o.restore()
    assert sorted(tree(folder).values()) == every
    for place, text in tree(folder).items():
        assert Path(place).parent.name == text.split()[0] and Path(place).stem.split('-')[0] in (f"{int(text.split()[1][:-1]):03}", '000')

@pytest.mark.parametrize('name', ['a b.png', 'ä"\'.png', 'zeile\nneu.png', '-.png', 'x.tar.png'])
def test_odd_names(tmp_path, name):
    for label in 'ab': (tmp_path/label).mkdir(); (tmp_path/label/name).write_text(label)
    before, o = tree(tmp_path), FileCleaner([tmp_path/'a'/name, tmp_path/'b'/name], ['a', 'b'], ['a', 'b'])
    o.choose(0, 'b'); o.choose(1, DELETE)
    o.apply()
    assert sorted(tree(tmp_path).values()) == ['a', 'b'] and not (tmp_path/'a'/name).exists() and tree(tmp_path)[f'.bin/b/{name}'] == 'b'
    o.restore()
    assert tree(tmp_path) == before

def test_relative_paths(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    before, o = tree(folder), FileCleaner(get_image_files('pets'), [parent_label(f) for f in get_image_files('pets')], ['cat', 'dog'])
    o.choose(0, DELETE); o.choose(1, 'dog')
    o.apply()
    assert o.moves.root == folder and tree(folder)['.bin/cat/000.png'] == before['cat/000.png'] and tree(folder)['dog/001-1.png'] == before['cat/001.png']
    monkeypatch.chdir('/')
    o.restore()
    assert tree(folder) == before

# ---- killed

def in_a_process(f, *args, kill_after=None):
    "Runs `f` in a process that may not live to its end; says whether it did."
    pid = os.fork()
    if pid == 0:
        try: f(*args)
        finally: os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(pid, signal.SIGKILL)
    return os.WIFEXITED(os.waitpid(pid, 0)[1])

def deadly(name, n, after):
    "From the n-th call of this function of `os` the process does not return."
    f, calls = getattr(os, name), []
    def g(*args):
        calls.append(args)
        if len(calls) == n and not after: os.kill(os.getpid(), signal.SIGKILL)
        f(*args)
        if len(calls) == n and after: os.kill(os.getpid(), signal.SIGKILL)
    setattr(os, name, g)

@pytest.mark.parametrize('after', [False, True])
@pytest.mark.parametrize('name, n', [('rename', 1), ('rename', 17), ('fsync', 1), ('fsync', 17)])
def test_killed_between_two_moves(folder, name, n, after):
    before = tree(folder)
    def die():
        deadly(name, n, after)
        cleaner(folder).apply()
    assert not in_a_process(die)
    assert sorted(tree(folder).values()) == sorted(before.values())               # each once, whole
    def die_again():
        deadly(name if name == 'rename' else 'replace', 5, after)
        MoveLog(folder).take_back()
    if n > 1: assert not in_a_process(die_again) and sorted(tree(folder).values()) == sorted(before.values())
    MoveLog(folder).take_back()
    assert tree(folder) == before and not MoveLog(folder).read()
    o = cleaner(folder)
    o.apply()
    check_applied(folder)

def test_killed_at_any_moment(folder):
    "Again and again, until all is done; then the same on the way back."
    before, dice, log, lives = tree(folder), random.Random(1), MoveLog(folder), 0
    for _ in range(30):
        lives += in_a_process(lambda: cleaner(folder).apply(), kill_after=dice.uniform(0, .03))
        assert sorted(tree(folder).values()) == sorted(before.values())
    cleaner(folder).apply()
    check_applied(folder)
    while log.read():
        in_a_process(log.take_back, kill_after=dice.uniform(0, .03))
        assert sorted(tree(folder).values()) == sorted(before.values())
        if dice.random() < .2: log.take_back()
    assert tree(folder) == before

# ---- in JupyterLab

@pytest.fixture(scope='module')
def server(repo):
    "JupyterLab, with temporary files of its own and a lesson that trains on one folder instead of four."
    with pytest.MonkeyPatch.context() as mp:
        mp.setenv('TMPDIR', str(repo.parent/'tmp'))
        (repo.parent/'tmp').mkdir()
        with served_lab(repo) as s:
            copy = repo/'lessons'/LESSON
            text = copy.read_text(encoding='utf-8')
            assert text.count('seeds = (1, 2, 3, 4)') == 1
            copy.write_text(text.replace('seeds = (1, 2, 3, 4)', 'seeds = (1,)'), encoding='utf-8')
            yield s

def test_the_cleaner_in_the_lesson(server, visit, repo):
    page = open_lesson(server, visit, LESSON)
    cell = find(page, '.jp-CodeCell:has-text("cleaner = ImageClassifierCleaner(learn")')
    cell.locator('.cm-content').click()
    page.get_by_role('menuitem', name='Run', exact=True).click()
    page.get_by_role('menuitem', name='Run All Above Selected Cell', exact=True).click()
    wait_until_done(page)
    cell = find(page, '.jp-CodeCell:has-text("cleaner = ImageClassifierCleaner(learn")')
    cell.locator('.cm-content').first.click()
    page.keyboard.press('Shift+Enter')
    menus = cell.locator('.jp-OutputArea-output select')
    menus.nth(9).wait_for(timeout=60_000)
    split, label, first, second, third = [menus.nth(i) for i in range(5)]
    root, = [p for p in (repo.parent/'tmp').glob('digits-*') if (p/'train1').exists()]
    before = {p: p.read_bytes() for p in root.rglob('*.png')}

    def says(*texts):
        for t in texts: expect(cell.locator('.jp-Cell-outputArea')).to_contain_text(t, timeout=30_000)
    def is_at(menu, text): expect(menu.locator('option:checked')).to_have_text(text, timeout=30_000)
    def button(name): return cell.get_by_role('button', name=name, exact=True)

    says('0 to delete', '0 to relabel', '0 moved so far')
    captions = cell.locator('.widget-html-content').all_inner_texts()
    given, said = zip(*[re.search(r'labelled (\d)\s+says (\d) \([\d.]+\)', c).groups() for c in captions[:3]])
    first.select_option(label=DELETE)
    second.select_option(label=said[1])
    says('1 to delete: train1/', f'1 to relabel: train1/{given[1]}/')

    other = next(c for c in '0123456789' if c not in given)            # another label, and back
    label.select_option(label=other)
    says(f'labelled {other}')
    is_at(first, KEEP)
    label.select_option(label='all')
    is_at(first, DELETE)
    is_at(second, said[1])
    split.select_option(label='validation')                            # another split, and back
    is_at(first, KEEP)
    says('1 to delete', '1 to relabel')
    split.select_option(label='training')
    is_at(first, DELETE)

    third.select_option(label=DELETE)                                  # a mistake, and another
    says('2 to delete')
    button('undo').click()
    is_at(third, KEEP)
    button('undo').click()
    is_at(second, KEEP)
    second.select_option(label=said[1])
    says('1 to delete', '1 to relabel')
    assert {p: p.read_bytes() for p in root.rglob('*.png')} == before  # so far nothing has moved

    button('apply').click()
    says('0 to delete', '0 to relabel', '2 moved so far')
    after = {p: p.read_bytes() for p in root.rglob('*.png')}
    (gone, moved), (thrown, relabelled) = [sorted(a.keys() - b.keys(), key=lambda p: ('.bin' not in p.parts, p)) for a, b in ((before, after), (after, before))]
    if before[gone] != after[thrown]: gone, moved = moved, gone
    assert thrown == root/'.bin'/'train1'/given[0]/gone.name and after[thrown] == before[gone]
    assert relabelled == root/'train1'/said[1]/moved.name and after[relabelled] == before[moved] and moved.parent.name == given[1]
    assert cell.locator('.widget-image').count() == 8                   # the next ones have come up

    button('restore').click()
    says('0 moved so far')
    assert {p: p.read_bytes() for p in root.rglob('*.png')} == before
    is_at(first, KEEP)
