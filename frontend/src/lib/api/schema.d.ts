export interface paths {
    "/api/datasets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Datasets */
        get: operations["datasets_api_datasets_get"];
        put?: never;
        /** Add Ds */
        post: operations["add_ds_api_datasets_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Dataset */
        get: operations["dataset_api_datasets__id__get"];
        put?: never;
        post?: never;
        /** Rm Ds */
        delete: operations["rm_ds_api_datasets__id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{id}/examples.png": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Png */
        get: operations["png_api_datasets__id__examples_png_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/datasets/{id}/prepare": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Prep */
        post: operations["prep_api_datasets__id__prepare_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Login */
        post: operations["login_api_login_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models */
        get: operations["models_api_models_get"];
        put?: never;
        /** Add Model */
        post: operations["add_model_api_models_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Model */
        get: operations["model_api_models__id__get"];
        put?: never;
        post?: never;
        /** Rm Model */
        delete: operations["rm_model_api_models__id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}/architecture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Choose */
        post: operations["choose_api_models__id__architecture_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/models/{id}/figures/architecture": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Model Fig */
        get: operations["model_fig_api_models__id__figures_architecture_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/presets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Presets */
        get: operations["presets_api_presets_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recipes/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Check */
        post: operations["check_api_recipes_check_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recipes/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Rschema */
        get: operations["rschema_api_recipes_schema_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Runs */
        get: operations["runs_api_runs_get"];
        put?: never;
        /** Add Run */
        post: operations["add_run_api_runs_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One */
        get: operations["one_api_runs__id__get"];
        put?: never;
        post?: never;
        /** Rm Run */
        delete: operations["rm_run_api_runs__id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Cancel */
        post: operations["cancel_api_runs__id__cancel_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events */
        get: operations["events_api_runs__id__events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/figures/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figure */
        get: operations["figure_api_runs__id__figures__name__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/points": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Points */
        get: operations["points_api_runs__id__points_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/points/{index}/bundle.zip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Bundle */
        get: operations["bundle_api_runs__id__points__index__bundle_zip_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/points/{index}/files/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** File */
        get: operations["file_api_runs__id__points__index__files__name__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/{id}/steps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Steps */
        get: operations["steps_api_runs__id__steps_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/runs/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All Events */
        get: operations["all_events_api_runs_events_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Session */
        get: operations["session_api_session_get"];
        put?: never;
        post?: never;
        /** Logout */
        delete: operations["logout_api_session_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * AdamOptimizer
         * @description Adam with decoupled weight decay (Loshchilov and Hutter 2019).
         */
        AdamOptimizer: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "adamw";
            /**
             * Learning Rate
             * @description Step size.
             * @default 0.001
             */
            learning_rate?: number;
            /**
             * Weight Decay
             * @description Decoupled weight decay.
             * @default 0
             */
            weight_decay?: number;
        };
        /**
         * ArchitectureMatch
         * @description An architecture of the zoo that fits the tensors of an upload.
         */
        ArchitectureMatch: {
            /** Architecture */
            architecture: string;
            /** Class Count */
            class_count: number;
            /** Input Shape */
            input_shape: number[];
            /** Title */
            title: string;
        };
        /**
         * ChannelGranularity
         * @description Remove whole channels (feature maps, hidden units), so that the network becomes physically thinner.
         */
        ChannelGranularity: {
            /**
             * Kind
             * @default channel
             * @constant
             */
            kind?: "channel";
        };
        /**
         * ChannelGroupInfo
         * @description Channels of several layers that live and die together (residual additions, flatten to linear).
         */
        ChannelGroupInfo: {
            /** Consumers */
            consumers: string[];
            /** Layers */
            layers: string[];
            /** Name */
            name: string;
            /** Width */
            width: number;
        };
        /**
         * Compute
         * @description Numeric precision of the run.
         */
        Compute: {
            /**
             * Precision
             * @description bfloat16: autocast; faster on GPUs that have it.
             * @default float32
             * @enum {string}
             */
            precision?: "float32" | "bfloat16";
        };
        /**
         * DatasetAnswer
         * @description A labelled dataset: built in, or uploaded.
         */
        DatasetAnswer: {
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            error: components["schemas"]["FailureAnswer"] | null;
            /** File Name */
            file_name: string | null;
            /**
             * Id
             * @description An id: 32 hexadecimal digits.
             */
            id: string;
            /** Name */
            name: string;
            /**
             * Source
             * @enum {string}
             */
            source: "builtin" | "upload";
            /**
             * State
             * @enum {string}
             */
            state: "preparing" | "ready" | "failed" | "rejected";
            /** @description Counts, classes and shape, once the state is `ready`. */
            summary: components["schemas"]["DatasetSummary"] | null;
            /** Title */
            title: string;
        };
        /**
         * DatasetBody
         * @description Make a dataset of a finished upload.
         */
        DatasetBody: {
            /**
             * Name
             * @description By default the file's name.
             * @example my-digits
             */
            name?: string | null;
            /**
             * Upload Id
             * @description An id: 32 hexadecimal digits.
             */
            upload_id: string;
        };
        /**
         * DatasetSummary
         * @description Counts, classes and shape of a labelled image (or vector) dataset.
         */
        DatasetSummary: {
            /** Class Names */
            class_names: string[];
            /** Content Hash */
            content_hash: string;
            /** Input Shape */
            input_shape: number[];
            /** Test Class Counts */
            test_class_counts: number[];
            /** Test Count */
            test_count: number;
            /** Train Class Counts */
            train_class_counts: number[];
            /** Train Count */
            train_count: number;
        };
        /**
         * DataSplit
         * @description How the training data is batched, and what part of it is held out for validation.
         */
        DataSplit: {
            /**
             * Batch Size
             * @description Examples per mini-batch.
             * @default 128
             */
            batch_size?: number;
            /**
             * Scaling
             * @description What the network was trained on. none: values as stored; unit: pixels divided by 255; standardize: then minus the mean, over the standard deviation, of each channel of the training data.
             * @default standardize
             * @enum {string}
             */
            scaling?: "none" | "unit" | "standardize";
            /**
             * Validation Share
             * @description Share of the training data held out; every choice is made on it.
             * @default 0.1
             */
            validation_share?: number;
        };
        /**
         * Distillation
         * @description Learn from the dense network while retraining (Hinton et al. 2015, arXiv:1503.02531).
         *
         *     loss = (1 - weight) * cross-entropy(labels) + weight * T^2 * KL(teacher_T || student_T)
         */
        Distillation: {
            /**
             * Temperature
             * @description Softens both distributions; T in the formula.
             * @default 4
             */
            temperature?: number;
            /**
             * Weight
             * @description Share of the teacher's term in the loss.
             * @default 0.9
             */
            weight?: number;
        };
        /**
         * FailureAnswer
         * @description Why a job, a model or a dataset failed.
         */
        FailureAnswer: {
            /**
             * Code
             * @description A stable code.
             * @example out_of_memory
             */
            code: string;
            /**
             * Detail
             * @description What happened, as a sentence.
             */
            detail: string;
            /**
             * Hint
             * @description What to do about it; may be empty.
             * @default
             */
            hint?: string;
        };
        /**
         * FigureAnswer
         * @description A plotly figure without a template: the browser themes it.
         */
        FigureAnswer: {
            /**
             * Data
             * @description plotly traces
             */
            data: components["schemas"]["JsonValue"][];
            /**
             * Layout
             * @description plotly layout
             */
            layout: {
                [key: string]: components["schemas"]["JsonValue"];
            };
        };
        /**
         * FileAnswer
         * @description One file of an operating point.
         */
        FileAnswer: {
            /**
             * Name
             * @example model.safetensors
             */
            name: string;
            /** Sha256 */
            sha256: string;
            /**
             * Size
             * @description Bytes.
             */
            size: number;
        };
        /**
         * FisherCriterion
         * @description Score a channel by the rise of the loss when it goes (Theis et al. 2018, arXiv:1801.05787).
         *
         *     The empirical Fisher information of a mask on the channel, accumulated during ordinary training steps:
         *     `1/(2N) * sum_n g_nk^2`, with `g_nk` the sum over space of activation times gradient for one example.
         */
        FisherCriterion: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "fisher";
        };
        /**
         * FixedCost
         * @description Remove the channel with the smallest dL + beta * dC (Theis et al. 2018).
         */
        FixedCost: {
            /**
             * Beta
             * @description Loss (nats) one gives for the whole dense cost: larger favors expensive layers. The authors searched between 0.0003 and 0.3.
             * @default 0.01
             */
            beta?: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "fixed";
        };
        /**
         * GlobalAllocation
         * @description Rank the channels of all layers together; the scores decide how much each layer gives.
         */
        GlobalAllocation: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "global";
        };
        /**
         * GreedySchedule
         * @description Train a few steps, remove the least important channels, repeat (Theis et al. 2018: 10 steps, 1 channel).
         */
        GreedySchedule: {
            /**
             * Channels
             * @description Channels removed at a time.
             * @default 1
             */
            channels?: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "greedy";
            /**
             * Training Steps
             * @description Optimizer steps between removals; scores are accumulated over them.
             * @default 10
             */
            training_steps?: number;
        };
        /** HTTPValidationError */
        HTTPValidationError: {
            /** Detail */
            detail?: components["schemas"]["ValidationError"][];
        };
        /**
         * JobKind
         * @description The work that a job does; `prune` and `sample` are the runs that a user sees.
         * @enum {string}
         */
        JobKind: "prune" | "sample" | "model_intake" | "dataset_intake";
        /**
         * JobState
         * @description Where a job stands.
         * @enum {string}
         */
        JobState: "queued" | "running" | "completed" | "failed" | "cancelled";
        JsonValue: unknown;
        /**
         * Layer
         * @description One convolution or fully connected layer, with the batch norm that follows it counted in.
         */
        Layer: {
            /** Group */
            group?: string | null;
            /** In Width */
            in_width: number;
            /**
             * Kernel
             * @default []
             */
            kernel?: number[];
            /** Macs */
            macs: number;
            /** Name */
            name: string;
            /**
             * Output Size
             * @default []
             */
            output_size?: number[];
            /** Parameters */
            parameters: number;
            /**
             * Type
             * @enum {string}
             */
            type: "conv" | "linear";
            /** Width */
            width: number;
        };
        /**
         * LoginBody
         * @description The one-time code that `secateur up` or `secateur login-url` printed.
         */
        LoginBody: {
            /**
             * Code
             * @example q8Zr0H2vXxk7h3Yy1nS5dQ
             */
            code: string;
        };
        /**
         * MacTarget
         * @description Get down to this fraction of the dense network's multiply-accumulate operations.
         */
        MacTarget: {
            /**
             * Density
             * @description MACs kept, as a fraction of the dense network's.
             */
            density: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "macs";
        };
        /**
         * MagnitudeCriterion
         * @description Score a channel by the norm of the weights that make it (Li et al. 2017, arXiv:1608.08710).
         */
        MagnitudeCriterion: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "magnitude";
            /**
             * Norm
             * @description 1: sum of absolute weights; 2: Euclidean norm.
             * @default 2
             * @enum {integer}
             */
            norm?: 1 | 2;
        };
        /**
         * ModelAnswer
         * @description A model: uploaded, or trained here as a sample.
         */
        ModelAnswer: {
            /**
             * Content Hash
             * @description sha256 of the file.
             */
            content_hash: string | null;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            error: components["schemas"]["FailureAnswer"] | null;
            /** File Name */
            file_name: string;
            /**
             * File Size
             * @description Bytes.
             */
            file_size: number | null;
            /**
             * Id
             * @description An id: 32 hexadecimal digits.
             */
            id: string;
            /** Matches */
            matches: components["schemas"]["ArchitectureMatch"][];
            /** Name */
            name: string;
            /**
             * Source
             * @enum {string}
             */
            source: "upload" | "sample";
            /**
             * State
             * @description `choosing`: several architectures fit, pick one of `matches`.
             * @enum {string}
             */
            state: "inspecting" | "choosing" | "ready" | "rejected";
            /** @description Layers and counts, once the state is `ready`. */
            summary: components["schemas"]["NetworkSummary"] | null;
            /**
             * Test Accuracy
             * @description Test accuracy of a sample network, in [0, 1].
             */
            test_accuracy: number | null;
            /**
             * Trained On
             * @description Dataset of a sample network.
             */
            trained_on: string | null;
        };
        /**
         * ModelBody
         * @description Make a model of a finished upload.
         */
        ModelBody: {
            /**
             * Name
             * @description By default the file's name.
             * @example LeNet-5, seed 0
             */
            name?: string | null;
            /**
             * Upload Id
             * @description An id: 32 hexadecimal digits.
             */
            upload_id: string;
        };
        /**
         * NetworkSummary
         * @description A model as a table: everything the browser shows before any compute is spent.
         */
        NetworkSummary: {
            /** Architecture */
            architecture: string;
            /** Class Count */
            class_count: number;
            /** Groups */
            groups: components["schemas"]["ChannelGroupInfo"][];
            /** Input Shape */
            input_shape: number[];
            /** Layers */
            layers: components["schemas"]["Layer"][];
            /** Macs */
            macs: number;
            /** Parameters */
            parameters: number;
        };
        /**
         * NoCost
         * @description Ignore the cost: remove the channel with the smallest score (beta = 0).
         */
        NoCost: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "none";
        };
        /**
         * OneShotSchedule
         * @description Score once and remove everything at once, for each operating point.
         */
        OneShotSchedule: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "one_shot";
            /**
             * Training Steps
             * @description Optimizer steps over which scores are accumulated.
             * @default 10
             */
            training_steps?: number;
        };
        /**
         * ParameterFreeCost
         * @description Remove the channel with the smallest loss per saved operation, -dL / dC (beta*, Theis et al. 2018).
         */
        ParameterFreeCost: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "parameter_free";
        };
        /**
         * ParameterTarget
         * @description Get down to this fraction of the dense network's parameters.
         */
        ParameterTarget: {
            /**
             * Density
             * @description Parameters kept, as a fraction of the dense network's.
             */
            density: number;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "parameters";
        };
        /**
         * Phase
         * @description What a run was doing during a step.
         * @enum {string}
         */
        Phase: "train" | "prune" | "retrain";
        /**
         * PointAnswer
         * @description An operating point with its metrics and its files.
         */
        PointAnswer: {
            /**
             * Compression Ratio
             * @description Dense over remaining parameters.
             */
            compression_ratio: number;
            /** Dense Accuracy */
            dense_accuracy: number;
            /** Files */
            files: components["schemas"]["FileAnswer"][];
            /** Index */
            index: number;
            /**
             * Is Target
             * @default false
             */
            is_target?: boolean;
            /** Macs */
            macs: number;
            /**
             * Macs Density
             * @description MACs kept, as a fraction of the dense network's.
             */
            macs_density: number;
            /** Parameters */
            parameters: number;
            /**
             * Parameters Density
             * @description Parameters kept, as a fraction of the dense network's.
             */
            parameters_density: number;
            /** Pruned Accuracy */
            pruned_accuracy: number;
            /** Retrained Accuracy */
            retrained_accuracy: number;
            /** Retrained Loss */
            retrained_loss: number;
            /** Sparsity */
            sparsity: number;
            /** Step */
            step: number;
            /** Test Accuracy */
            test_accuracy: number;
            /** Test Loss */
            test_loss: number;
            /**
             * Theoretical Speedup
             * @description Dense over remaining MACs.
             */
            theoretical_speedup: number;
            /** Widths */
            widths: number[];
        };
        /**
         * PointResult
         * @description The best-known outcome of a run: its last operating point in a few numbers.
         */
        PointResult: {
            /** Dense Accuracy */
            dense_accuracy: number;
            /** Index */
            index: number;
            /** Is Target */
            is_target: boolean;
            /** Macs */
            macs: number;
            /**
             * Macs Density
             * @description MACs kept, as a fraction of the dense network's.
             */
            macs_density: number | null;
            /** Parameters */
            parameters: number;
            /**
             * Parameters Density
             * @description Parameters kept, as a fraction of the dense network's.
             */
            parameters_density: number | null;
            /** Retrained Accuracy */
            retrained_accuracy: number;
            /** Sparsity */
            sparsity: number;
            /** Test Accuracy */
            test_accuracy: number;
        };
        /**
         * Preset
         * @description A named recipe that a user can start from.
         */
        Preset: {
            /** Citation */
            citation: string;
            /** Is Baseline */
            is_baseline: boolean;
            /** Name */
            name: string;
            recipe: components["schemas"]["Recipe"];
            /** Summary */
            summary: string;
            /** Title */
            title: string;
        };
        /**
         * Problem
         * @description One thing that is wrong with a request.
         */
        Problem: {
            /**
             * Detail
             * @description What is wrong, as a sentence.
             */
            detail: string;
            /**
             * Field
             * @description Dotted path into the body, for example `recipe.prune.cost.beta`; may be empty.
             */
            field: string;
        };
        /**
         * Prune
         * @description What is removed: criterion, granularity, allocation, cost, schedule, and the training between removals.
         */
        Prune: {
            /**
             * Allocation
             * @description How much each layer gives.
             */
            allocation?: components["schemas"]["GlobalAllocation"] | components["schemas"]["UniformAllocation"];
            /**
             * Cost
             * @description How much saved compute counts.
             */
            cost?: components["schemas"]["NoCost"] | components["schemas"]["FixedCost"] | components["schemas"]["ParameterFreeCost"];
            /**
             * Criterion
             * @description How a channel is scored.
             */
            criterion: components["schemas"]["FisherCriterion"] | components["schemas"]["MagnitudeCriterion"] | components["schemas"]["RandomCriterion"];
            /** @description What one decision removes. */
            granularity?: components["schemas"]["ChannelGranularity"];
            /**
             * Minimum Width
             * @description No layer becomes thinner than this.
             * @default 2
             */
            minimum_width?: number;
            /**
             * Optimizer
             * @description Optimizer of the training steps between removals.
             */
            optimizer?: components["schemas"]["SgdOptimizer"] | components["schemas"]["AdamOptimizer"];
            /**
             * Points
             * @description Operating points on the way to the target (evenly spaced in log density).
             * @default 4
             */
            points?: number;
            /**
             * Removal Macs
             * @description Masked channels are removed physically once this share of the current MACs can go.
             * @default 0.05
             */
            removal_macs?: number;
            /**
             * Schedule
             * @description When channels go.
             */
            schedule?: components["schemas"]["GreedySchedule"] | components["schemas"]["OneShotSchedule"];
        };
        /**
         * PruneRunBody
         * @description Prune a model.
         */
        PruneRunBody: {
            /**
             * Dataset Id
             * @description An id: 32 hexadecimal digits.
             */
            dataset_id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "prune";
            /**
             * Model Id
             * @description An id: 32 hexadecimal digits.
             */
            model_id: string;
            /** Name */
            name?: string | null;
            recipe: components["schemas"]["Recipe"];
        };
        /**
         * RandomCriterion
         * @description Score channels at random: the baseline that every other criterion must beat.
         */
        RandomCriterion: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "random";
        };
        /**
         * Recipe
         * @description Everything that decides the outcome of a pruning run, given a model and a dataset.
         */
        Recipe: {
            /** @description Numeric precision. */
            compute?: components["schemas"]["Compute"];
            /** @description Batches and the validation split. */
            data?: components["schemas"]["DataSplit"];
            /** @description Learn from the dense network while retraining. */
            distill?: components["schemas"]["Distillation"] | null;
            /** @description What is removed, and how. */
            prune: components["schemas"]["Prune"];
            /** @description Retraining at every operating point. */
            retrain: components["schemas"]["Retrain"];
            /**
             * Schema Version
             * @default 1
             * @constant
             */
            schema_version?: 1;
            /**
             * Seed
             * @description Decides the split, the order of examples and all draws.
             * @default 0
             */
            seed?: number;
            /**
             * Target
             * @description Where to stop.
             */
            target: components["schemas"]["SparsityTarget"] | components["schemas"]["MacTarget"] | components["schemas"]["ParameterTarget"];
        };
        /**
         * RecipeCheckAnswer
         * @description Whether the recipe could be run.
         */
        RecipeCheckAnswer: {
            /**
             * Fingerprint
             * @description sha256 that identifies the recipe; null while it is not valid.
             */
            fingerprint: string | null;
            /**
             * Problems
             * @description Empty when the recipe can be run; paths start inside the recipe.
             */
            problems: components["schemas"]["Problem"][];
        };
        /**
         * RecipeCheckBody
         * @description A recipe in the making, with the model and the dataset it is meant for, where they are known.
         */
        RecipeCheckBody: {
            /** Dataset Id */
            dataset_id?: string | null;
            /** Model Id */
            model_id?: string | null;
            /** Recipe */
            recipe: {
                [key: string]: components["schemas"]["JsonValue"];
            };
        };
        /**
         * Retrain
         * @description Retrain the thinner network at every operating point.
         */
        Retrain: {
            /**
             * Epochs
             * @description Passes over the training data at each operating point.
             */
            epochs: number;
            /**
             * Learning Rate Decay
             * @description How the learning rate falls over the epochs of one operating point.
             * @default cosine
             * @enum {string}
             */
            learning_rate_decay?: "none" | "cosine";
            /**
             * Optimizer
             * @description Optimizer.
             */
            optimizer?: components["schemas"]["SgdOptimizer"] | components["schemas"]["AdamOptimizer"];
            /**
             * Steps Per Record
             * @description Optimizer steps that make one step of the history (and one checkpoint).
             * @default 20
             */
            steps_per_record?: number;
        };
        /**
         * RunAnswer
         * @description A run with all that was asked of it.
         */
        RunAnswer: {
            /**
             * Accuracy
             * @description Training accuracy of the last step, in [0, 1].
             */
            accuracy: number | null;
            /** Cancel Requested */
            cancel_requested: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Dataset Id */
            dataset_id: string | null;
            /** Dataset Title */
            dataset_title: string | null;
            error: components["schemas"]["FailureAnswer"] | null;
            /** Finished At */
            finished_at: string | null;
            /**
             * Id
             * @description An id: 32 hexadecimal digits.
             */
            id: string;
            kind: components["schemas"]["JobKind"];
            /** @description Which layers the steps' widths belong to; null before the start. */
            layout: components["schemas"]["RunLayout"] | null;
            /**
             * Loss
             * @description Training loss of the last step, in nats.
             */
            loss: number | null;
            /** Macs */
            macs: number | null;
            /**
             * Macs Density
             * @description MACs kept so far, as a fraction of the dense network's.
             */
            macs_density: number | null;
            /**
             * Model Id
             * @description Null for a sample, and when the model was deleted.
             */
            model_id: string | null;
            /** Model Name */
            model_name: string | null;
            /** Name */
            name: string;
            /** @description What a `sample` run does. */
            order: components["schemas"]["SampleOrder"] | null;
            /** Parameters */
            parameters: number | null;
            /** Parameters Density */
            parameters_density: number | null;
            phase: components["schemas"]["Phase"] | null;
            /**
             * Progress
             * @description Share that is done, in [0, 1].
             */
            progress: number;
            /** @description What a `prune` run does. */
            recipe: components["schemas"]["Recipe"] | null;
            /** Recipe Fingerprint */
            recipe_fingerprint: string | null;
            /** @description The last operating point. */
            result: components["schemas"]["PointResult"] | null;
            /**
             * Result Model Id
             * @description The model that a finished sample run made.
             */
            result_model_id: string | null;
            /**
             * Seconds Left
             * @description Estimate; null while there is nothing to estimate from.
             */
            seconds_left: number | null;
            /**
             * Sparsity
             * @description Fraction of the prunable channels removed so far.
             */
            sparsity: number | null;
            /** Started At */
            started_at: string | null;
            state: components["schemas"]["JobState"];
            /**
             * Step
             * @description Steps that are safely stored.
             */
            step: number;
        };
        /**
         * RunLayout
         * @description What stays the same over a run: which layers are tracked, and the dense network's counts.
         */
        RunLayout: {
            /** Dense Macs */
            dense_macs: number;
            /** Dense Parameters */
            dense_parameters: number;
            /** Layers */
            layers: components["schemas"]["TrackedLayer"][];
        };
        /**
         * RunPage
         * @description A page of runs, newest first.
         */
        RunPage: {
            /** Items */
            items: components["schemas"]["RunSummary"][];
            /** Limit */
            limit: number;
            /** Offset */
            offset: number;
            /**
             * Total
             * @description Number of runs that the filter lets through.
             */
            total: number;
        };
        /**
         * RunSummary
         * @description A run as the list shows it.
         */
        RunSummary: {
            /**
             * Accuracy
             * @description Training accuracy of the last step, in [0, 1].
             */
            accuracy: number | null;
            /** Cancel Requested */
            cancel_requested: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /** Dataset Id */
            dataset_id: string | null;
            /** Dataset Title */
            dataset_title: string | null;
            error: components["schemas"]["FailureAnswer"] | null;
            /** Finished At */
            finished_at: string | null;
            /**
             * Id
             * @description An id: 32 hexadecimal digits.
             */
            id: string;
            kind: components["schemas"]["JobKind"];
            /**
             * Loss
             * @description Training loss of the last step, in nats.
             */
            loss: number | null;
            /** Macs */
            macs: number | null;
            /**
             * Macs Density
             * @description MACs kept so far, as a fraction of the dense network's.
             */
            macs_density: number | null;
            /**
             * Model Id
             * @description Null for a sample, and when the model was deleted.
             */
            model_id: string | null;
            /** Model Name */
            model_name: string | null;
            /** Name */
            name: string;
            /** Parameters */
            parameters: number | null;
            /** Parameters Density */
            parameters_density: number | null;
            phase: components["schemas"]["Phase"] | null;
            /**
             * Progress
             * @description Share that is done, in [0, 1].
             */
            progress: number;
            /** Recipe Fingerprint */
            recipe_fingerprint: string | null;
            /** @description The last operating point. */
            result: components["schemas"]["PointResult"] | null;
            /**
             * Result Model Id
             * @description The model that a finished sample run made.
             */
            result_model_id: string | null;
            /**
             * Seconds Left
             * @description Estimate; null while there is nothing to estimate from.
             */
            seconds_left: number | null;
            /**
             * Sparsity
             * @description Fraction of the prunable channels removed so far.
             */
            sparsity: number | null;
            /** Started At */
            started_at: string | null;
            state: components["schemas"]["JobState"];
            /**
             * Step
             * @description Steps that are safely stored.
             */
            step: number;
        };
        /**
         * SampleOrder
         * @description Train one of the reference networks on a built-in dataset.
         */
        SampleOrder: {
            /**
             * Architecture
             * @description Reference network.
             * @enum {string}
             */
            architecture: "lenet300" | "lenet5" | "vgg_small_bn" | "resnet20";
            /**
             * Batch Size
             * @description Examples per mini-batch.
             * @default 128
             */
            batch_size?: number;
            /**
             * Epochs
             * @description Passes over the training data; by default what the network needs.
             */
            epochs?: number | null;
            /**
             * Learning Rate
             * @description Peak step size; by default what the network needs.
             */
            learning_rate?: number | null;
            /**
             * Seed
             * @description Decides initialization, split and order.
             * @default 0
             */
            seed?: number;
        };
        /**
         * SampleRunBody
         * @description Train a reference network, so that there is something to prune.
         */
        SampleRunBody: {
            /**
             * Dataset Id
             * @description An id: 32 hexadecimal digits.
             */
            dataset_id: string;
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "sample";
            /** Name */
            name?: string | null;
            order: components["schemas"]["SampleOrder"];
        };
        /**
         * SessionAnswer
         * @description Who is logged in, and to what.
         */
        SessionAnswer: {
            /**
             * Upload Limit Bytes
             * @description Largest file that may be uploaded.
             */
            upload_limit_bytes: number;
            /**
             * User
             * @example admin
             */
            user: string;
            /**
             * Version
             * @description Version of Secateur.
             * @example 0.1.0
             */
            version: string;
        };
        /**
         * SgdOptimizer
         * @description Stochastic gradient descent with momentum.
         */
        SgdOptimizer: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "sgd";
            /**
             * Learning Rate
             * @description Step size.
             * @default 0.0025
             */
            learning_rate?: number;
            /**
             * Momentum
             * @description Share of the last update that is kept.
             * @default 0.9
             */
            momentum?: number;
            /**
             * Weight Decay
             * @description L2 penalty on the weights.
             * @default 0
             */
            weight_decay?: number;
        };
        /**
         * SparsityTarget
         * @description Remove at least this fraction of the prunable channels.
         */
        SparsityTarget: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "sparsity";
            /**
             * Sparsity
             * @description Fraction of the prunable channels to remove.
             */
            sparsity: number;
        };
        /**
         * StepPage
         * @description Steps of a run, in order.
         */
        StepPage: {
            /** Items */
            items: components["schemas"]["StepRecord"][];
            /**
             * Total
             * @description Number of steps that the run has by now.
             */
            total: number;
        };
        /**
         * StepRecord
         * @description One step of a run: a removal with the training steps that led to it, or a stretch of (re)training.
         */
        StepRecord: {
            /** Accuracy */
            accuracy?: number | null;
            /** Loss */
            loss?: number | null;
            /** Macs */
            macs: number;
            /** Parameters */
            parameters: number;
            phase: components["schemas"]["Phase"];
            /** Progress */
            progress: number;
            /**
             * Removed
             * @default []
             */
            removed?: string[];
            /** Sparsity */
            sparsity: number;
            /** Step */
            step: number;
            /** Widths */
            widths: number[];
        };
        /**
         * TrackedLayer
         * @description A layer whose width is recorded at every step; `StepRecord.widths` follows the same order.
         */
        TrackedLayer: {
            /** Dense Width */
            dense_width: number;
            /** Is Prunable */
            is_prunable: boolean;
            /** Name */
            name: string;
        };
        /**
         * UniformAllocation
         * @description Thin every layer alike; the criterion only ranks channels inside a layer.
         */
        UniformAllocation: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "uniform";
        };
        /** ValidationError */
        ValidationError: {
            /** Context */
            ctx?: Record<string, never>;
            /** Input */
            input?: unknown;
            /** Location */
            loc: (string | number)[];
            /** Message */
            msg: string;
            /** Error Type */
            type: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    datasets_api_datasets_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetAnswer"][];
                };
            };
        };
    };
    add_ds_api_datasets_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DatasetBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    dataset_api_datasets__id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    rm_ds_api_datasets__id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    png_api_datasets__id__examples_png_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    prep_api_datasets__id__prepare_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DatasetAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    login_api_login_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LoginBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    models_api_models_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAnswer"][];
                };
            };
        };
    };
    add_model_api_models_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ModelBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    model_api_models__id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    rm_model_api_models__id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    choose_api_models__id__architecture_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ArchitectureMatch"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    model_fig_api_models__id__figures_architecture_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FigureAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    presets_api_presets_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preset"][];
                };
            };
        };
    };
    check_api_recipes_check_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecipeCheckBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecipeCheckAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    rschema_api_recipes_schema_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: components["schemas"]["JsonValue"];
                    };
                };
            };
        };
    };
    runs_api_runs_get: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
                state?: string | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunPage"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    add_run_api_runs_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PruneRunBody"] | components["schemas"]["SampleRunBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    one_api_runs__id__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    rm_run_api_runs__id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    cancel_api_runs__id__cancel_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    events_api_runs__id__events_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    figure_api_runs__id__figures__name__get: {
        parameters: {
            query?: {
                step?: number | null;
                x?: "sparsity" | "macs" | "parameters";
            };
            header?: never;
            path: {
                id: string;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FigureAnswer"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    points_api_runs__id__points_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PointAnswer"][];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    bundle_api_runs__id__points__index__bundle_zip_get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                index: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    file_api_runs__id__points__index__files__name__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                index: number;
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    steps_api_runs__id__steps_get: {
        parameters: {
            query?: {
                after?: number;
                limit?: number;
                max?: number | null;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StepPage"];
                };
            };
            /** @description Validation Error */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPValidationError"];
                };
            };
        };
    };
    all_events_api_runs_events_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    session_api_session_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionAnswer"];
                };
            };
        };
    };
    logout_api_session_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
