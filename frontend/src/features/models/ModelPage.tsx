import { Button } from '@mantine/core'
import { useNavigate, useParams } from 'react-router'
import { ConfirmButton } from '@/components/ConfirmButton'
import { ErrorNotice } from '@/components/ErrorNotice'
import { FailureNotice } from '@/components/FailureNotice'
import { Page } from '@/components/Page'
import { Query } from '@/components/Query'
import { StateBadge } from '@/components/StateBadge'
import type { Model } from '@/lib/api/types'
import { paths } from '@/lib/paths'
import { useDeleteModel } from '@/lib/queries/useDeleteModel'
import { useInspectModel } from '@/lib/queries/useInspectModel'
import { useModel } from '@/lib/queries/useModel'
import { ChooseArchitecture } from './ChooseArchitecture'
import { InspectingModel } from './InspectingModel'
import { PruneButton } from './PruneButton'
import { ReadyModel } from './ReadyModel'
import { RejectedModel } from './RejectedModel'
import { useLayerView } from './useLayerView'

export function ModelPage() {
  const { id = '' } = useParams()
  return <Query query={useModel(id)}>{(model) => <ModelView model={model} />}</Query>
}

function ModelView({ model }: { model: Model }) {
  const navigate = useNavigate()
  const view = useLayerView()
  const remove = useDeleteModel(model.id, () => void navigate(paths.models))
  const inspect = useInspectModel(model.id)
  const actions = (
    <>
      <ConfirmButton
        label="Delete"
        question="Delete this model and its file? Runs made from it keep their results."
        confirm="Delete the model"
        onConfirm={() => remove.mutate()}
        loading={remove.isPending}
      />
      {model.state === 'failed' && (
        <Button onClick={() => inspect.mutate()} loading={inspect.isPending}>
          Try again
        </Button>
      )}
      {model.state === 'ready' && <PruneButton model={model} pins={view.pins} />}
    </>
  )
  return (
    <Page title={model.name} mark={<StateBadge state={model.state} />} summary={model.name !== model.file_name && model.file_name} actions={actions}>
      {remove.isError && <ErrorNotice error={remove.error} />}
      {inspect.isError && <ErrorNotice error={inspect.error} />}
      <ModelBody model={model} />
    </Page>
  )
}

function ModelBody({ model }: { model: Model }) {
  switch (model.state) {
    case 'inspecting':
      return <InspectingModel />
    case 'choosing':
      return <ChooseArchitecture model={model} />
    case 'failed':
      return model.error && <FailureNotice failure={model.error} />
    case 'rejected':
      return <RejectedModel model={model} />
    case 'ready':
      return model.summary && <ReadyModel model={model} summary={model.summary} />
  }
}
