import { Stack } from '@mantine/core'
import { useSearchParams } from 'react-router'
import { Page } from '@/components/Page'
import { Query } from '@/components/Query'
import type { JsonObject } from '@/lib/json'
import { usePresets } from '@/lib/queries/usePresets'
import { useRecipeSchema } from '@/lib/queries/useRecipeSchema'
import { useRun } from '@/lib/queries/useRun'
import { DraftForm } from './DraftForm'

/** A new pruning run, from a preset or from the recipe of an earlier run (`?from=`). */
export function NewRunPage() {
  const [search] = useSearchParams()
  const from = search.get('from')
  return (
    <Page title="New run" summary="Pick a network, data and a recipe; the server checks it before anything is spent.">
      {from ? <FromRun id={from} /> : <FromPreset recipe={null} name="" />}
    </Page>
  )
}

function FromRun({ id }: { id: string }) {
  const run = useRun(id)
  return (
    <Query query={run}>
      {({ recipe, name }) => <FromPreset recipe={recipe} name={name} />}
    </Query>
  )
}

function FromPreset({ recipe, name }: { recipe: JsonObject | null; name: string }) {
  const presets = usePresets()
  const schema = useRecipeSchema()
  return (
    <Query query={presets}>
      {(all) => (
        <Query query={schema}>
          {(root) => (
            <Stack gap="lg">
              <DraftForm presets={all} root={root} startRecipe={recipe} startName={name} />
            </Stack>
          )}
        </Query>
      )}
    </Query>
  )
}
