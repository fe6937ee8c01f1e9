import type { Format } from '@/lib/queries/useOrderFormat'

export interface FormatText {
  title: string
  help: string
  /** How the file is loaded, as code. */
  code: string
}

/** What a person should know of each format. */
export const FORMATS: Record<Format, FormatText> = {
  safetensors: {
    title: 'PyTorch source and safetensors',
    help: 'Plain layers and a forward to read, with the weights beside them: to train on, or to build into your own code. Needs torch and safetensors.',
    code: [
      '# model.py and model.safetensors, side by side',
      'import model',
      '',
      'network = model.load()',
      '# pixels: as stored; several inputs: network(*model.scale(image, tokens))',
      'scores = network(model.scale(pixels))',
    ].join('\n'),
  },
  pt2: {
    title: 'Exported program (.pt2)',
    help: 'One file for PyTorch 2.13 or later, in evaluation mode, for batches of any size.',
    code: [
      'import torch',
      '',
      'program = torch.export.load("model.pt2")',
      '# inputs: scaled as manifest.json says; several in its order',
      'scores = program.module()(inputs)',
    ].join('\n'),
  },
  onnx: {
    title: 'ONNX',
    help: 'One file for ONNX Runtime, TensorRT, OpenVINO and browsers, for batches of any size. Compared with the network before it is handed out.',
    code: [
      'import onnxruntime',
      '',
      'session = onnxruntime.InferenceSession("model.onnx")',
      '# inputs: scaled as manifest.json says; several by their names',
      'scores = session.run(["scores"], {"input": inputs})[0]',
    ].join('\n'),
  },
}
