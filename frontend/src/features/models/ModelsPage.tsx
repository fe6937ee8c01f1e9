import { Text } from '@mantine/core'
import { IconBinaryTree2 } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { EmptyState } from '@/components/EmptyState'
import { Page } from '@/components/Page'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import { UploadZone } from '@/components/upload/UploadZone'
import { useAddModel } from '@/lib/queries/useAddModel'
import { useModels } from '@/lib/queries/useModels'
import { FileHelp } from './FileHelp'
import { ModelTable } from './ModelTable'

const ENDINGS = ['.pt2', '.onnx', '.safetensors', '.pt', '.pth'] as const

/** All models, and the place where new ones come in; `sample` offers to train one here. */
export function ModelsPage({ sample }: { sample: ReactNode }) {
  const models = useModels()
  const add = useAddModel()
  return (
    <Page title="Models" summary="Trained networks, ready to be made thinner." actions={sample}>
      <UploadZone
        kind="model"
        endings={ENDINGS}
        title="Upload a network"
        help="Drop an exported program (.pt2), an ONNX model (.onnx) or a state dict (.safetensors, .pt, .pth) here, or click to choose one."
        onUploaded={(id) => add.mutateAsync(id)}
      >
        <FileHelp />
      </UploadZone>
      <Panel title="Your models">
        <Query query={models} isEmpty={(all) => all.length === 0} empty={<Empty sample={sample} />}>
          {(all) => <ModelTable models={all} />}
        </Query>
      </Panel>
    </Page>
  )
}

function Empty({ sample }: { sample: ReactNode }) {
  return (
    <EmptyState icon={<IconBinaryTree2 size={22} />} title="No models yet" action={sample}>
      <Text size="sm">
        Upload a trained network above. None at hand? Train a sample network here: LeNet-5 takes a few minutes.
      </Text>
    </EmptyState>
  )
}
