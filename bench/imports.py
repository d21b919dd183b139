"""What an import costs beyond torch, torchvision and matplotlib: fresh processes, taking turns, median over rounds.

visionlab is measured in the environment the reader has; fastai, Lightning and visionlab under fastcore 2 in the one under bench/."""
import argparse, json, statistics as st, subprocess, sys
from pathlib import Path

CODE = '''
import time
w = time.perf_counter()
import torch, torchvision, matplotlib.pyplot
base,w,c = time.perf_counter()-w,time.perf_counter(),time.process_time()
import {module}
print(base, time.perf_counter()-w, time.process_time()-c)'''

def once(python, module):
    "Seconds: the base, the module beyond it (wall), the module beyond it (CPU)."
    r = subprocess.run([python, '-c', CODE.format(module=module)], capture_output=True, text=True)
    if r.returncode: return print(f'\nwithout {module}: {r.stderr.strip().splitlines()[-1]}')
    return [float(o) for o in r.stdout.split()]

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--rounds', type=int, default=9)
    p.add_argument('--bench', default=sys.executable, help='the Python under bench/, which has fastai and Lightning')
    p.add_argument('--json', type=Path)
    a = p.parse_args()
    todo = dict(visionlab=(sys.executable, 'visionlab.all'), visionlab2=(a.bench, 'visionlab.all'),
                fastai=(a.bench, 'fastai.vision.all'), lightning=(a.bench, 'lightning.pytorch'))
    print(f'imports beyond torch, torchvision and matplotlib, fresh processes, {a.rounds} rounds ', end='', flush=True)
    todo = {k:v for k,v in todo.items() if once(*v)}  # the first round warms the disk, compiles, and is thrown away
    out = {k:[] for k in todo}
    for _ in range(a.rounds):
        for k,v in todo.items(): out[k].append(once(*v))
        print('.', end='', flush=True)
    print()
    med = {k: [st.median(c) for c in zip(*v)] for k,v in out.items()}
    for k,(base,wall,cpu) in med.items(): print(f'{k:10} {wall:5.2f} s (CPU {cpu:.2f} s) beyond {base:.2f} s')
    if a.json: a.json.write_text(json.dumps(dict(rounds=a.rounds, seconds=med)))

if __name__ == '__main__': main()
