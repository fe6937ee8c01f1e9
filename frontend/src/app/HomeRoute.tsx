import { ModelsPage } from '@/features/models/ModelsPage'
import { SampleButton } from '@/features/samples/SampleButton'

/** The first page: models, with the offer to train one when there is none. */
export function HomeRoute() {
  return <ModelsPage sample={<SampleButton variant="light" />} />
}
