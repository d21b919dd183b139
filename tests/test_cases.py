"""Programs that failed once, here or in other libraries, each as the smallest that shows it. A name says what must hold."""
import copy, gc, inspect, math, pickle, pydoc, weakref
from functools import partial
import numpy as np, pandas as pd, pytest, torch, torch.nn.functional as F, torch.utils.data as td
from sklearn.metrics import f1_score
from torch import nn
from visionlab.all import (Adam, Callback, CancelBatchException, CancelFitException, CancelStepException, DataLoader, DataLoaders, Learner,
                           ParamScheduler, Recorder, SGD, accuracy, error_rate)
from visionlab.all import AccumMetric, ActivationStats, EarlyStopping, SchedLin, valley
import visionlab.learner as vl

torch.manual_seed(0)
X, Y = torch.randn(100, 5), torch.randint(0, 3, (100,))

def loaders(x=X, y=Y, bs=16, **kwargs): return DataLoaders(DataLoader((x, y), bs, shuffle=True), DataLoader((x, y), bs), **kwargs)

def learner(cbs=None, model=None, loss=F.cross_entropy, dls=None, **kwargs):
    "A learner that shows nothing."
    learn = Learner(dls or loaders(), model or nn.Linear(5, 3), loss, cbs=cbs, **kwargs)
    learn.remove_cb(learn.progress)
    return learn

FITS = {'fit': lambda l: l.fit(1), 'one cycle': lambda l: l.fit_one_cycle(1, .01), 'search': lambda l: l.lr_find(show_plot=False)}
each_fit = pytest.mark.parametrize('train', FITS.values(), ids=FITS)

# ---- 1, 5, 6, 22: what predictions mean

def test_classes_on_axis_1_with_more_axes_behind():
    x = torch.rand(20, 1, 6, 6)
    learn = learner(dls=loaders(x, (x[:,0] > .5).long(), 8), model=nn.Conv2d(1, 2, 1), metrics=accuracy)
    p, t, d = learn.get_preds(with_decoded=True)
    assert d.shape == t.shape == (20, 6, 6) and torch.allclose(p.sum(1), torch.ones(20, 6, 6))
    assert learn.validate()[1] == pytest.approx((d == t).float().mean().item())
    assert learn.predict(x[0])[1].shape == (6, 6)
    learn.show_results(max_n=4)

def test_a_model_with_two_inputs_asked_with_one_says_so():
    class Two(nn.Module):
        def __init__(self): super().__init__(); self.lin = nn.Linear(5, 3)
        def forward(self, a, b): return self.lin(a*b)
    learn = learner(model=Two(), dls=DataLoaders(*[DataLoader((X, X + 1, Y), 16)]*2))
    with pytest.raises(ValueError, match='an item has 2 inputs, this is 1'): learn.predict(X[7])
    expected = learn.get_preds()[0][7]
    assert torch.allclose(learn.predict((X[7], X[7] + 1))[2], expected)
    assert [len(o) for o in learn.get_preds(with_input=True)[0]] == [100, 100]

def test_bytes_are_not_taken_for_floats():
    from PIL import Image
    x = torch.rand(20, 1, 6, 6)
    learn = learner(dls=loaders(x, Y[:20]), model=nn.Sequential(nn.Flatten(), nn.Linear(36, 3)))
    for item in (np.zeros((1, 6, 6), 'u1'), Image.new('L', (6, 6))):
        with pytest.raises(TypeError, match='holds bytes'): learn.predict(item)

def test_predict_goes_through_the_transforms_of_the_data_set(tmp_path):
    from PIL import Image
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import ToTensor
    for c in 'ab':
        (tmp_path/c).mkdir()
        for i in range(3): Image.new('RGB', (4, 4), (80*i, 9, 200 if c == 'a' else 0)).save(tmp_path/c/f'{i}.png')
    data = ImageFolder(tmp_path, transform=ToTensor())
    learn = learner(dls=DataLoaders(*[DataLoader(data, 2)]*2, vocab=data.classes), model=nn.Sequential(nn.Flatten(), nn.Linear(48, 2)))
    expected = learn.get_preds()[0][2]
    file = tmp_path/'a'/'2.png'
    for item in (file, str(file), Image.open(file).convert('RGB'), data[2][0]): assert torch.allclose(learn.predict(item)[2], expected)

def test_a_regression_predicts_the_number():
    learn = learner(dls=loaders(X, X[:,:1]), model=nn.Linear(5, 1), loss=F.mse_loss)
    p, _, d = learn.get_preds(with_decoded=True)
    assert torch.equal(p, d)
    name, number, raw = learn.predict(X[0])
    assert name == number.item() == raw.item() == pytest.approx(p[0].item())

def test_several_labels_have_names():
    learn = learner(dls=loaders(X, (X > 0).float(), vocab=list('abcde')), model=nn.Linear(5, 5), loss=nn.BCEWithLogitsLoss())
    names, yes, _ = learn.predict(X[0])
    assert names == [c for c, o in zip('abcde', yes) if o]

def own_cross_entropy(p, y): return F.cross_entropy(p, y)

def test_an_unknown_loss_is_asked_what_it_means():
    learn = learner(loss=own_cross_entropy)
    with pytest.raises(ValueError, match='own_cross_entropy.decodes'): learn.predict(X[0])
    own_cross_entropy.activation, own_cross_entropy.decodes = lambda p: p.softmax(1), lambda p: p.argmax(1)
    assert learn.predict(X[0])[2].sum().item() == pytest.approx(1)

@pytest.mark.parametrize('ask', ['fit', 'one cycle', 'search', 'validate', 'preds'])
@pytest.mark.parametrize('cbs', [None, 'looks', 'stats'])
def test_broadcasting_is_refused_whatever_else_listens(ask, cbs):
    class Looks(Callback):
        def before_batch(self): pass
        def after_pred(self): pass
    cbs = dict(looks=Looks, stats=ActivationStats).get(cbs)
    learn = learner(cbs, dls=loaders(X, X[:,0]), model=nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 1)), loss=nn.MSELoss())
    asks = FITS | dict(validate=lambda l: l.validate(), preds=lambda l: l.get_preds())
    with pytest.raises(ValueError, match='broadcast|cannot compare'): asks[ask](learn)

# ---- 2: the search

def test_the_search_is_not_disturbed_by_callbacks_and_disturbs_none():
    class Stops(Callback):
        def after_epoch(self):
            if self.epoch == 2: raise CancelFitException
    class Reads(Callback):
        def after_epoch(self): self.seen = self.recorder.valid_values[0]
    class Counts(Callback):
        def before_fit(self): self.n = 0
        def after_loss(self): self.n += 1
    class Slows(Callback):
        def before_batch(self):
            for g in self.opt.param_groups: g['lr'] = 1e-3
    torch.manual_seed(1); plain = learner(); torch.manual_seed(1); busy = learner([Stops, Reads, EarlyStopping(patience=0), Counts, Slows])
    busy.fit(1); plain.fit(1)
    busy.model.load_state_dict(plain.model.state_dict())
    n, stop, values = busy.counts.n, busy.early_stopping.best, list(busy.recorder.values)
    torch.manual_seed(2); a = plain.lr_find(show_plot=False, stop_div=False)
    torch.manual_seed(2); b = busy.lr_find(show_plot=False, stop_div=False)
    assert a == b and len(busy.recorder.search[0]) == 100
    assert (busy.counts.n, busy.early_stopping.best, list(busy.recorder.values)) == (n, stop, values)

def test_the_rate_reported_is_the_rate_used():
    used = []
    class Notes(Callback):
        def before_step(self): used.append(self.opt.param_groups[0]['lr'])
    class Slows(Callback):
        def before_batch(self): self.opt.param_groups[0]['lr'] = 1e-3
    learn = learner([Notes, Slows])
    learn.lr_find(show_plot=False, stop_div=False)
    assert used == pytest.approx(list(learn.recorder.search[0]))

def test_a_search_that_a_callback_ends_says_so():
    class Stops(Callback):
        def after_loss(self):
            self.n = vars(self).get('n', 0) + 1
            if self.n == 21: raise CancelFitException
    with pytest.raises(ValueError, match='2[01] of 100'): learner(Stops).lr_find(show_plot=False, stop_div=False)

# ---- 3, 4, 10: callbacks beside callbacks

def test_two_callbacks_of_one_class_are_both_kept():
    calls = []
    class C(Callback):
        def __init__(self, n): self.n = n
        def before_fit(self): calls.append(self.n)
    learn = learner([C(1), C(2)])
    learn.fit(1)
    assert calls == [1, 2] and (learn.c.n, learn.c_1.n) == (1, 2)
    learn.fit(1, cbs=[ParamScheduler({'lr': SchedLin(.1, 0)}), ParamScheduler({'mom': SchedLin(.9, .8)})])
    assert set(learn.recorder.hps) == {'lr', 'mom'} and len(learn.recorder.hps['lr']) == 7
    assert not hasattr(learn, 'param_scheduler') and not hasattr(learn, 'param_scheduler_1')

def test_a_scheduler_of_the_learner_keeps_its_keys_under_one_cycle():
    learn = learner(ParamScheduler({'wd': SchedLin(0, .1), 'lr': SchedLin(9, 9)}))
    learn.fit_one_cycle(1, .01)
    assert set(learn.recorder.hps) == {'wd', 'lr', 'mom'} and max(learn.recorder.hps['lr']) <= .0101
    assert learn.opt.param_groups[0]['weight_decay'] == .01                     # back where it was
    learn.fit_one_cycle(1, .01, cbs=ParamScheduler({'lr': SchedLin(.5, .5)}))
    assert set(learn.recorder.hps['lr']) == {.5}                                # what is asked for in the call wins

def test_every_after_fit_is_called_and_the_first_error_is_raised():
    done = []
    class Last(Callback):
        order = 99
        def after_fit(self): done.append('cleaned')
    class Breaks(Callback):
        def __init__(self, at): self.at = at
        def after_fit(self): raise self.at
        def before_batch(self):
            if isinstance(self.at, ValueError): raise RuntimeError('first')
    for at, error in ((KeyError('end'), KeyError), (KeyboardInterrupt(), KeyboardInterrupt), (ValueError('later'), RuntimeError)):
        learn = learner([Breaks(at), Last])
        rate = learn.lr
        with pytest.raises(error): learn.fit_one_cycle(1, .7)
        assert done.pop() == 'cleaned' and learn.opt.param_groups[0]['lr'] == rate, 'the schedule is taken back'

@pytest.mark.parametrize('where', ['after_validate', 'after_epoch', 'after_batch', 'before_validate', 'after_train'])
@pytest.mark.parametrize('order', [-99, 0, 99])
def test_a_cancelled_fit_keeps_what_was_measured(where, order):
    def stop(self):
        if self.epoch == 1 and not self.training or where == 'after_train' and self.epoch == 1: raise CancelFitException
    learn = learner(type('Stop', (Callback,), {where: stop, 'order': order}), metrics=accuracy)
    learn.fit(5)
    rows = 2 if where in ('after_validate', 'after_epoch') else 1
    assert len(learn.recorder.values) == rows and not any(math.isnan(v) for r in learn.recorder.values for v in r)
    assert len(learn.recorder.losses) == 14

@pytest.mark.parametrize('level', 'Epoch Train Valid Batch Backward Step'.split())
def test_a_cancel_in_the_last_event_of_its_level_is_no_error(level):
    event = dict(Valid='validate').get(level, level.lower())
    exc = getattr(vl, f'Cancel{level}Exception')
    def cancel(self): raise exc
    learner(type('Cancels', (Callback,), {f'after_{event}': cancel})).fit(1)

# ---- 7, 8, 12: loaders

class Squares(td.Dataset):
    def __len__(self): return 100
    def __getitem__(self, i): return X[i], Y[i]

SHUFFLED = {'batch_sampler': lambda: td.DataLoader(Squares(), batch_sampler=td.BatchSampler(td.RandomSampler(range(100)), 16, True)),
            'sampler': lambda: DataLoader((X, Y), 16, sampler=td.RandomSampler(range(96))), 'drop_last': lambda: DataLoader((X, Y), 16, shuffle=True, drop_last=True)}

@pytest.mark.parametrize('loader', SHUFFLED.values(), ids=SHUFFLED)
def test_predictions_come_complete_and_in_order_and_use_no_chance(loader):
    learn = learner(dls=DataLoaders(loader(), DataLoader((X, Y), 16)))
    state = torch.get_rng_state()
    p, t = learn.get_preds(0)
    assert torch.equal(t, Y) and torch.equal(p, learn.get_preds(1)[0])
    assert learn.validate(0) == learn.validate(1)
    assert torch.equal(torch.get_rng_state(), state)

def test_ready_made_batches_in_a_list():
    batches = [(X[:16], Y[:16]), (X[16:20], Y[16:20])]
    learn = learner(dls=DataLoaders(batches, batches), metrics=accuracy)
    learn.fit_one_cycle(2, .01)
    assert len(learn.recorder.losses) == 4 and learn.get_preds()[1].tolist() == Y[:20].tolist()
    assert learn.get_preds(dl=batches[:1])[0].shape == (16, 3)

class Stream(td.IterableDataset):
    def __iter__(self): return iter(Squares()[i] for i in range(20))

class Own:
    "A loader class of one's own."
    def __iter__(self): return iter([(X[:16], Y[:16]), (X[16:], Y[16:])])
    def __len__(self): return 2

def test_streams_and_loaders_of_ones_own_train():
    dls = DataLoaders.from_dsets(Stream(), Stream(), bs=8)
    learn = learner(dls=dls, metrics=accuracy)
    learn.fit(2)
    assert len(learn.recorder.losses) == 6 and learn.get_preds()[0].shape == (20, 3)
    with pytest.raises(ValueError, match='how many batches|length'): learn.fit_one_cycle(1, .1)
    learn = learner(dls=DataLoaders(Own(), Own()))
    learn.fit_one_cycle(1, .1)
    learn.lr_find(show_plot=False)
    assert torch.equal(learn.get_preds()[1], Y)
    with pytest.raises(TypeError, match='read only once'): DataLoaders(((X, Y) for _ in range(2)))

def test_looking_at_a_batch_changes_no_training():
    x = torch.rand(40, 1, 6, 6)
    def weights(look):
        torch.manual_seed(4)
        learn = learner(dls=loaders(x, Y[:40]), model=nn.Sequential(nn.Flatten(), nn.Linear(36, 3)))
        if look: learn.dls.show_batch(); learn.dls.one_batch(); learn.dls.show_batch(unique=True, max_n=2); learn.summary()
        learn.fit(1)
        return learn.model[1].weight.detach()
    assert torch.equal(weights(False), weights(True))

# ---- 9, 20: losses and metrics

@pytest.mark.parametrize('loss', [nn.CrossEntropyLoss(weight=torch.tensor([1., 5., 9.])), nn.CrossEntropyLoss(reduction='sum'),
                                  nn.CrossEntropyLoss(ignore_index=1), partial(F.cross_entropy, weight=torch.tensor([1., 5., 9.]))])
def test_the_validation_loss_is_that_of_the_whole_set(loss):
    learn = learner(loss=loss, dls=DataLoaders(*[DataLoader((X, Y), 48)]*2))
    with torch.no_grad(): assert learn.validate()[0] == pytest.approx(loss(learn.model(X), Y).item(), rel=1e-5)

def test_a_metric_that_is_no_mean():
    learn = learner(metrics=AccumMetric(f1_score, average='macro'), dls=DataLoaders(*[DataLoader((X, Y), 16)]*2))
    learn.fit(1)
    assert learn.recorder.values[-1][-1] == pytest.approx(f1_score(Y, learn.get_preds(with_decoded=True)[2], average='macro'))

def test_accuracy_of_one_score_is_refused():
    with pytest.raises(ValueError, match='batch_accuracy'): accuracy(torch.randn(5, 1), torch.ones(5).long())

# ---- 19: steps that are skipped

def test_a_skipped_step_keeps_its_gradients_and_a_scaled_loss_is_recorded_unscaled():
    class Adds(Callback):
        order = -99
        def after_loss(self):
            if self.training: self.learn.loss = self.loss/2
        def before_step(self):
            if self.iter % 2 == 0: raise CancelStepException
    def train(bs, cbs=None):
        torch.manual_seed(3)
        learn = learner(cbs, dls=DataLoaders(DataLoader((X[:96], Y[:96]), bs)), opt_func=SGD)
        learn.fit(1, .1)
        return learn
    half, whole = train(8, type('Adds', (Adds,), dict(order=1))), train(16)
    assert torch.allclose(half.model.weight, whole.model.weight, atol=1e-6)
    assert np.mean(half.recorder.losses[:2]) == pytest.approx(whole.recorder.losses[0], rel=1e-5)

# ---- 11, 13 to 16, 21: what is refused, and what works

@each_fit
def test_a_last_batch_of_one_with_batch_norm_is_refused_before_training(train):
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    before = copy.deepcopy(model[0].weight)
    with pytest.raises(ValueError, match='drop_last=True'): train(learner(model=model, dls=loaders(X[:97], Y[:97])))
    assert torch.equal(model[0].weight, before)

COMPLAINTS = {'input': (dict(dls=loaders(X[:,:4])), r'layer model, Linear.*got \(16, 4\) float32'), 'target type': (dict(dls=loaders(X, Y.float())), 'int64'),
              'bytes': (dict(dls=loaders(X.byte())), r'\.float\(\)/255'), 'no target': (dict(dls=DataLoaders([X], [X])), 'no targets'),
              'no scalar': (dict(loss=partial(F.cross_entropy, reduction='none')), 'take the mean'), 'empty': (dict(dls=loaders(X[:0], Y[:0])), 'no batches'),
              'metric': (dict(metrics=lambda p, y: p[:, 9].mean()), 'metric <lambda> fails'), 'metric shape': (dict(metrics=lambda p, y: p.argmax(1) == y), 'take their mean'),
              'three parts': (dict(dls=DataLoaders([(X, Y, Y)], [(X, Y, Y)])), 'n_inp=1'), 'dict': (dict(dls=DataLoaders([dict(x=X)], [dict(x=X)])), 'batch_tfm=')}

@each_fit
@pytest.mark.parametrize('name', COMPLAINTS)
def test_each_complaint_comes_under_every_fit(train, name):
    kwargs, says = COMPLAINTS[name]
    with pytest.raises((ValueError, TypeError), match=says): train(learner(**kwargs))

def test_rates_of_every_form_and_numbers_that_make_no_sense():
    groups = learner(model=nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3)), splitter=lambda m: [m[0].parameters(), m[1].parameters()])
    for lr, rates in ((slice(1e-4, 1e-2), [1e-4, 1e-2]), ([.1, .2], [.1, .2]), (slice(.1), [.01, .1]), (.3, [.3, .3])):
        groups.fit(1, lr)
        assert [g['lr'] for g in groups.opt.param_groups] == pytest.approx(rates)
    learn = learner()
    learn.fit(1, learn.lr_find(show_plot=False))
    for bad in (-1, float('nan'), [.1, .2]):
        with pytest.raises(ValueError): learn.fit(1, bad)
    with pytest.raises(ValueError): groups.fit(1, slice(-1, 1))
    with pytest.raises(ValueError): learn.fit(-1)
    with pytest.raises(ValueError): learn.fit(1, wd=-1)
    with pytest.raises(TypeError): learn.fit(2.)

def test_a_metric_of_shape_1_and_a_loss_given_as_a_class():
    learn = learner(metrics=lambda p, y: np.array([.5]))
    learn.fit(1)
    assert learn.recorder.values[-1][-1] == .5
    with pytest.raises(TypeError, match=r'CrossEntropyLoss\(\)'): learner(loss=nn.CrossEntropyLoss)

@pytest.mark.parametrize('name', ['AfterEpoch', 'BeforeFit', 'X', 'Y', 'Model', 'Recorder1'])
def test_a_callback_may_not_hide_what_the_learner_has(name):
    cb = type(name, (Callback,), dict(after_epoch=lambda self: None))
    if name == 'Recorder1': return learner(cb).fit(1)
    with pytest.raises((ValueError, AttributeError), match='another name|hide'): learner(cb)

@pytest.mark.parametrize('method,meant', [('begin_fit', 'before_fit'), ('on_batch_end', 'after_batch'), ('on_train_epoch_start', 'before_epoch'), ('after_bach', 'after_batch')])
def test_methods_named_as_elsewhere_are_told_from_events(method, meant):
    with pytest.raises(AttributeError, match=meant): type('C', (Callback,), {method: lambda self: None})

def test_lazy_layers():
    model = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))
    learn = learner(model=model)
    learn.lr_find(show_plot=False); learn.fit(1); learn.summary()
    learner(model=nn.Sequential(nn.LazyLinear(3))).fit(1)

def test_batches_that_are_dictionaries_say_how_they_can_be_read():
    learn = learner(dls=DataLoaders([dict(x=X, y=Y)], [dict(x=X, y=Y)]))
    for ask in (learn.get_preds, learn.validate, lambda: learn.predict(X[0])):
        with pytest.raises(TypeError, match='batch_tfm= can make it one'): ask()

def test_a_validation_set_of_nothing_says_so():
    learn = learner(dls=DataLoaders([(X, Y)], []))
    with pytest.raises(ValueError, match='the loader gives no batches'): learn.get_preds()
    with pytest.raises(ValueError, match='the validation loader has no batches'): learn.fit(1)

def test_models_that_give_more_than_a_tensor():
    class Pair(nn.Linear):
        def forward(self, x): o = super().forward(x); return o, o
    def first(p, y): return F.cross_entropy(p[0], y)
    learn = learner(model=Pair(5, 3), loss=first)
    learn.fit(1)
    with pytest.raises(TypeError, match='one tensor a batch, and the model gives a tuple'): learn.get_preds()
    class Picks(Callback):
        def after_pred(self): self.learn.pred = self.pred[0]
    assert learner(model=Pair(5, 3), cbs=Picks).get_preds()[0].shape == (100, 3)

def test_frozen_batch_norm_keeps_its_statistics():
    model = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    model[:2].requires_grad_(False)
    learner(model=model, dls=loaders(X[:96], Y[:96])).fit(1)
    assert torch.equal(model[1].running_mean, torch.zeros(4))

# ---- 18, 23: wrapped models, learners that are dropped

def test_layers_of_a_wrapped_model_are_found_or_refused():
    inner = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    learn = learner(ActivationStats, model=nn.DataParallel(inner))
    learn.fit(1)
    assert len(learn.activation_stats.layer_stats(1)) == 7
    compiled = torch.compile(inner)
    with pytest.raises((TypeError, ValueError), match='compile'): learner(ActivationStats, model=compiled).fit(1)

def test_a_dropped_learner_is_gone_and_so_are_its_workers():
    dls = DataLoaders.from_dsets(Squares(), Squares(), bs=16, num_workers=1, persistent_workers=True)
    learn = learner([ActivationStats(modules=None)], dls=dls, model=nn.Sequential(nn.Linear(5, 3)))
    learn.fit_one_cycle(1, .01)
    workers = [w for dl in dls.loaders for w in dl.batches._iterator._workers]
    assert all(w.is_alive() for w in workers)
    gone = weakref.ref(learn)
    gc.disable()
    try:
        del learn, dls
        assert gone() is None and not any(w.is_alive() for w in workers)
    finally: gc.enable()

def test_copies_and_pickles_have_callbacks_of_their_own():
    learn = learner(model=nn.Linear(5, 3))
    learn.fit(1)
    for twin in (copy.deepcopy(learn), pickle.loads(pickle.dumps(learn))):
        assert twin.recorder.learn is twin and twin.recorder.losses == learn.recorder.losses
        twin.fit(1)
        assert len(learn.recorder.losses) == 7

# ---- 24: what a person reads

def test_help_says_what_there_is():
    text = pydoc.render_doc(Callback)
    for word in ('fit, epoch, train', 'batch, backward and step', 'after_cancel_'): assert word in text
    for cls in (Callback, Recorder, Learner): assert '# %%' not in pydoc.render_doc(cls)
    assert '# passes over the training set' in inspect.getsource(Learner.fit)

def test_a_shuffle_needs_no_second_copy_of_the_data():
    x = torch.zeros(200_000, 100)
    dl = DataLoader((x,), bs=100, shuffle=True)
    seen = [b[0].untyped_storage().nbytes() for b in dl]
    assert max(seen) <= x.untyped_storage().nbytes()//20
