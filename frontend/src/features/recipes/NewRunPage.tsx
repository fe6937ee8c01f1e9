import { Stack } from '@mantine/core'
import { useSearchParams } from 'react-router'
import { Page } from '@/components/Page'
import { Query } from '@/components/Query'
import { usePresets } from '@/lib/queries/usePresets'
import { useRecipeSchema } from '@/lib/queries/useRecipeSchema'
import { useRun } from '@/lib/queries/useRun'
import { DraftForm } from './DraftForm'
import type { Start } from './useDraft'

const NOTHING: Start = { name: '', recipe: null, model_id: null, dataset_id: null }

/** A new pruning run, from a preset or from what an earlier run was given (`?from=`). */
export function NewRunPage() {
  const [search] = useSearchParams()
  const from = search.get('from')
  return (
    <Page title="New run" summary="Pick a network, data and a recipe; the server checks it before anything is spent.">
      {from ? <FromRun id={from} /> : <FromPreset start={NOTHING} />}
    </Page>
  )
}

function FromRun({ id }: { id: string }) {
  const run = useRun(id)
  return (
    <Query query={run}>
      {(start) => <FromPreset start={start} />}
    </Query>
  )
}

function FromPreset({ start }: { start: Start }) {
  const presets = usePresets()
  const schema = useRecipeSchema()
  return (
    <Query query={presets}>
      {(all) => (
        <Query query={schema}>
          {(root) => (
            <Stack gap="lg">
              <DraftForm presets={all} root={root} start={start} />
            </Stack>
          )}
        </Query>
      )}
    </Query>
  )
}
