import type { Format } from '@/lib/queries/useOrderFormat'
import { onnxCode, programCode, type Signature, sourceCode } from './loading'

export interface FormatText {
  title: string
  help: string
  /** How the file is loaded and called, as code; for one input of numbers where the network is not known. */
  code: (signature?: Signature) => string
}

/** What a person should know of each format. */
export const FORMATS: Record<Format, FormatText> = {
  safetensors: {
    title: 'PyTorch source and safetensors',
    help: 'Plain layers and a forward to read, with the weights beside them: to train on, or to build into your own code. Needs torch and safetensors.',
    code: sourceCode,
  },
  pt2: {
    title: 'Exported program (.pt2)',
    help: 'One file for PyTorch 2.13 or later, in evaluation mode, for batches of any size.',
    code: programCode,
  },
  onnx: {
    title: 'ONNX',
    help: 'One file for ONNX Runtime, TensorRT, OpenVINO and browsers, for batches of any size. Compared with the network before it is handed out.',
    code: onnxCode,
  },
}
