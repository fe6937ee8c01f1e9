import { expect, test } from 'vitest'
import { readProse } from './prose'

test('a single line stays a sentence, whatever stands in it', () => {
  expect(readProse('Save it with `torch.save`.')).toEqual([{ kind: 'text', text: 'Save it with `torch.save`.' }])
  expect(readProse('')).toEqual([])
})

test('three lines of code become one block, fenced, indented or bare', () => {
  const code = 'import torch\nprogram = torch.export.export(model, (x,))\ntorch.export.save(program, "net.pt2")'
  const indented = code.replace(/^/gm, '    ')
  for (const written of [`\`\`\`python\n${code}\n\`\`\``, indented, code]) {
    expect(readProse(`Make it with:\n\n${written}\nThen upload it.`)).toEqual([
      { kind: 'text', text: 'Make it with:' },
      { kind: 'code', text: code },
      { kind: 'text', text: 'Then upload it.' },
    ])
  }
})

test('the lines that export a network of a library are one block', () => {
  const code = [
    'import torch, timm; state = torch.load("net.pth", weights_only=True)',
    'model = timm.create_model("resnet50d", num_classes=10); model.load_state_dict(state)',
    'torch.export.save(torch.export.export(model.eval(), (torch.zeros(2, 3, 224, 224),), strict=False), "net.pt2")',
  ].join('\n')
  expect(readProse(`Run these lines:\n${code}`).at(-1)).toEqual({ kind: 'code', text: code })
})

test('the indentation inside a block stays', () => {
  expect(readProse('Like this:\n  with x:\n    y()')[1]).toEqual({ kind: 'code', text: 'with x:\n  y()' })
})

test('dashes make a list', () => {
  expect(readProse('These differ:\n- conv1\n- conv2')).toEqual([
    { kind: 'text', text: 'These differ:' },
    { kind: 'list', items: ['conv1', 'conv2'] },
  ])
})

test('prose that only begins like code stays prose', () => {
  expect(readProse('from the file\nmodel is too large.')).toEqual([
    { kind: 'text', text: 'from the file\nmodel is too large.' },
  ])
})
