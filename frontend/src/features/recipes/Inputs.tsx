import { Anchor, Select, SimpleGrid, TextInput } from '@mantine/core'
import { Link } from 'react-router'
import { Query } from '@/components/Query'
import { paths } from '@/lib/paths'
import { useDatasets } from '@/lib/queries/useDatasets'
import { useModels } from '@/lib/queries/useModels'
import type { Draft } from './useDraft'

const INPUT_HEIGHT = 60

/** Which network, which data, and what to call the run. */
export function Inputs({ draft }: { draft: Draft }) {
  return (
    <SimpleGrid cols={{ base: 1, sm: 3 }}>
      <ModelSelect draft={draft} />
      <DatasetSelect draft={draft} />
      <TextInput
        label="Name"
        placeholder="By default, the method and the model"
        value={draft.name}
        onChange={(event) => draft.setName(event.currentTarget.value)}
      />
    </SimpleGrid>
  )
}

function ModelSelect({ draft }: { draft: Draft }) {
  return (
    <Query query={useModels()} height={INPUT_HEIGHT}>
      {(models) => {
        const ready = models.filter((model) => model.state === 'ready')
        return (
          <Select
            label="Model"
            data={ready.map(({ id, name }) => ({ value: id, label: name }))}
            value={draft.model}
            onChange={draft.pickModel}
            searchable
            placeholder="Pick a network"
            nothingFoundMessage="No such model"
            required
            error={
              ready.length === 0 && (
                <Anchor component={Link} to={paths.models} size="xs">
                  There is no model yet: upload or train one
                </Anchor>
              )
            }
          />
        )
      }}
    </Query>
  )
}

function DatasetSelect({ draft }: { draft: Draft }) {
  return (
    <Query query={useDatasets()} height={INPUT_HEIGHT}>
      {(datasets) => (
        <Select
          label="Data"
          data={datasets
            .filter((dataset) => dataset.state === 'ready')
            .map(({ id, title }) => ({ value: id, label: title }))}
          value={draft.dataset}
          onChange={draft.pickDataset}
          placeholder="Pick a dataset"
          nothingFoundMessage="No dataset is ready yet"
          required
        />
      )}
    </Query>
  )
}
