"""What `check` answers to a learner."""
import pytest, torch
from visionlab import exercises
from visionlab.exercises import check, exercise

@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    "No hint of any exercise is used up, and what a test registers goes with it."
    monkeypatch.setattr(exercises, '_exercises', {k: v | dict(misses=0) for k, v in exercises._exercises.items()})

@pytest.fixture
def says(capsys):
    def said(name, *args, **kwargs):
        check(name, *args, **kwargs)
        return capsys.readouterr().out.splitlines()
    return said

HINTS = exercises._exercises['sgd-1']['hints']

@pytest.mark.parametrize('name, answer, says_so', [
    ('gradients-1', lambda a, b, c, d, x: a*x**2 + b*x + c, 'for a = 2, b = -1, c = 3, d = 5, x = 0: yours 3, expected 5'),
    ('loaders-2', lambda n, bs, drop_last: n//bs, 'for n = 65, bs = 64, drop_last = False: yours 1, expected 2'),
    ('data-1', lambda x: -x, 'for x = [0, 1, 254, 255]: yours [0, 255, 2, 1], expected [255, 254, 1, 0]'),
    ('data-1', lambda x: 255. - x, "the result's dtype: yours torch.float32, expected torch.uint8"),
    ('core-1', lambda x: x.reshape(3, 4, 2), 'for x = a tensor of shape (2, 3, 4): the shape is right, (3, 4, 2), but at [0, 0, 1] yours 1, expected 12'),
    ('pixels-1', lambda a, b: torch.zeros(4, 3, 5), 'for a = a tensor of shape (5, 4, 3), b = a tensor of shape (4, 3): '
                                                   'yours a tensor of shape (4, 3, 5), expected'),
    ('cnn-2', lambda channels, ks: 'many', "for channels = [1, 4, 8], ks = 3: yours 'many', expected 336"),
    ('backprop-3', lambda x, w, d: (d@w.T, x.T@d), 'expected'),
    ('optimizers-2', lambda p, grad, state, lr, mom: p.sub_(lr*grad), '20 steps from [3, -4], lr .02, momentum .9: yours [')])
def test_a_wrong_value_says_for_which_input(says, name, answer, says_so):
    first, hint = says(name, answer)[:2]
    assert first.startswith('Not yet: ') and says_so in first and hint.startswith('Hint: ')

@pytest.mark.parametrize('name', ['sgd-1', 'core-2', 'loaders-1', 'loaders-4', 'learner-4', 'schedules-1', 'backprop-2', 'backprop-4',
    'convolutions-2', 'initialization-4', 'normalization-3', 'resnet-4', 'datablock-5', 'transfer-4', 'interpret-4', 'cleaning-4'])
def test_a_forgotten_return(says, name):
    def f(*args): sum(map(id, args))
    for _ in range(3):
        said = says(name, f)
        assert len(said) == 1 and said[0].startswith('Not yet: ') and said[0].endswith('gave None: is there a `return`?')

def test_none_for_an_answer(says): assert says('pixels-2', None) == ['Not yet: the answer is None: is there a `return`?']

def test_an_exception_shows_its_line_and_uses_up_no_hint(says):
    def helper(x): return x @ torch.ones(7)
    def slope(x):
        s = helper(x)
        return s
    for _ in range(2):
        said = says('sgd-1', slope)
        assert said[0].startswith('Not yet: RuntimeError: ') and 'Hint' not in ''.join(said)
        assert said[-1] == f'Your line {helper.__code__.co_firstlineno}: def helper(x): return x @ torch.ones(7)'
    assert says('sgd-1', lambda x: x)[-1] == f'Hint: {HINTS[0]}'

def test_an_assertion_of_the_learner_is_an_exception(says):
    def slope(x):
        assert x.max() > 100, 'too small'
    assert says('sgd-1', slope)[0] == 'Not yet: AssertionError: too small' and exercises._exercises['sgd-1']['misses'] == 0

def test_too_few_parameters_are_an_exception(says):
    said = says('sgd-1', lambda: 1)
    assert said[0].startswith('Not yet: TypeError: ') and len(said) == 1

def test_an_exception_inside_a_callback(says):
    from visionlab.learner import Callback
    class Patience(Callback):
        def __init__(self, n): self.n = n
        def after_epoch(self): self.best = self.unheard_of + 1
    said = says('learner-2', Patience)
    assert said[0].startswith('Not yet: AttributeError: ') and said[-1].endswith('self.best = self.unheard_of + 1'), said

def test_hints_come_one_at_a_time_and_the_solution_on_request(says):
    offer = "That was the last hint; check('sgd-1', solution=True) shows a solution."
    wrong = lambda x: x
    assert [says('sgd-1', wrong)[1:] for _ in range(3)] == [[f'Hint: {HINTS[0]}'], [f'Hint: {HINTS[1]}', offer], [f'Hint: {HINTS[1]}', offer]]
    assert says('sgd-1', wrong, solution=True) == says('sgd-1', solution=True) == ['A solution of sgd-1: `s = sigmoid(x)`, `return s*(1 - s)`']

def test_right_says_what_it_proves(says):
    assert says('sgd-1', lambda x: x.sigmoid()*(1 - x.sigmoid())) == ["Exercise sgd-1: right. Your slope is autograd's at 33 places from -8 to 8."]

def test_open_says_what_the_lessons_show(says):
    def f(*args): raise NotImplementedError
    assert says('sgd-1', f) == says('sgd-1') == ['Exercise sgd-1 is open.']

@pytest.mark.parametrize('name', exercises._exercises)
def test_each_has_hints_a_solution_and_a_proof(name):
    e = exercises._exercises[name]
    assert e['hints'] and e['solution'] and e['solution'] not in e['hints'] and e['proves'].endswith('.')

def test_an_exercise_without_hints(says):
    @exercise('own-1')
    def _(n):
        if n != 3: raise AssertionError
    assert says('own-1', 4)[:2] == ['Not yet: a test failed', 'Hint: compare with the lesson'] and says('own-1', 3) == ['Exercise own-1: right.']
