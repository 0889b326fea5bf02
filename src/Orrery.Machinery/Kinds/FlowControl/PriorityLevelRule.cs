using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.FlowControl;

/// <summary>PriorityLevelConfigurations. Upstream: <c>pkg/apis/flowcontrol/validation</c>.</summary>
internal sealed class PriorityLevelRule : KindRule
{
    private const long MostQueues = 10_000_000;

    /// <summary>Bits of the hash by which hands are dealt out of the queues.</summary>
    private const int HashBits = 60;

    private const string NotNegative = "must be a non-negative integer";

    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Child("limited") is { } limited)
        {
            limited.Fill("nominalConcurrencyShares", 30);
            limited.Fill("lendablePercent", 0);
            if (limited.Child("limitResponse")?.Child("queuing") is { } queuing)
            {
                FillZero(queuing, "handSize", 8);
                FillZero(queuing, "queues", 64);
                FillZero(queuing, "queueLengthLimit", 50);
            }
        }

        if (spec.Child("exempt") is { } exempt)
        {
            exempt.Fill("nominalConcurrencyShares", 0);
            exempt.Fill("lendablePercent", 0);
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        string type = spec.Text("type");
        if ((o.Name == MandatoryFlows.Exempt) != (type == "Exempt"))
        {
            faults.Invalid("spec.type", type, "type must be 'Exempt' if and only if name is 'exempt'");
        }

        switch (type)
        {
            case "Exempt":
                if (spec.Has("limited"))
                {
                    faults.Forbidden("spec.limited", "must be nil if the type is not Limited");
                }

                Shares(spec.Child("exempt") ?? [], "spec.exempt", faults);
                break;
            case "Limited":
                if (spec.Has("exempt"))
                {
                    faults.Forbidden("spec.exempt", "must be nil if the type is Limited");
                }

                Limited(spec, faults);
                break;
            default:
                faults.NotSupported("spec.type", type, "Exempt", "Limited");
                break;
        }

        if (o.Name == MandatoryFlows.Exempt && (type != "Exempt" || spec.Has("limited")))
        {
            faults.Invalid("spec", spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value");
        }
        else if (MandatoryFlows.LevelSpecOf(o.Name) is { } mandatory && !JsonFields.Same(spec, mandatory))
        {
            faults.Invalid("spec", spec, $"spec of '{o.Name}' must equal the fixed value");
        }

        FlowStatus.Validate(o, faults);
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults) => FlowStatus.Validate(o, faults);

    private static void FillZero(JsonObject json, string member, int value)
    {
        if ((json.Number(member) ?? 0) == 0)
        {
            json[member] = value;
        }
    }

    private static void Limited(JsonObject spec, Faults faults)
    {
        if (spec.Child("limited") is not { } limited)
        {
            faults.Required("spec.limited", "must not be empty when type is Limited");
            return;
        }

        Shares(limited, "spec.limited", faults);
        if (limited.Number("borrowingLimitPercent") is < 0 and var borrowed)
        {
            faults.Invalid("spec.limited.borrowingLimitPercent", borrowed, "if specified, must be a non-negative integer");
        }

        const string At = "spec.limited.limitResponse";
        JsonObject response = limited.Child("limitResponse") ?? [];
        switch (response.Text("type"))
        {
            case "Reject":
                if (response.Has("queuing"))
                {
                    faults.Forbidden(At + ".queuing", "must be nil if limited.limitResponse.type is not Limited");
                }

                break;
            case "Queue" when response.Child("queuing") is { } queuing:
                Queuing(queuing, At + ".queuing", faults);
                break;
            case "Queue":
                faults.Required(At + ".queuing", "must not be empty if limited.limitResponse.type is Limited");
                break;
            default:
                faults.NotSupported(At + ".type", response.Text("type"), "Queue", "Reject");
                break;
        }
    }

    private static void Shares(JsonObject level, string path, Faults faults)
    {
        if (level.Number("nominalConcurrencyShares") is < 0 and var shares)
        {
            faults.Invalid(path + ".nominalConcurrencyShares", shares, NotNegative);
        }

        if (level.Number("lendablePercent") is < 0 or > 100)
        {
            faults.Invalid(path + ".lendablePercent", level["lendablePercent"], "must be between 0 and 100, inclusive");
        }
    }

    private static void Queuing(JsonObject queuing, string path, Faults faults)
    {
        const string Positive = "must be positive";
        long queues = queuing.Number("queues") ?? 0, hand = queuing.Number("handSize") ?? 0, length = queuing.Number("queueLengthLimit") ?? 0;
        if (length <= 0)
        {
            faults.Invalid(path + ".queueLengthLimit", length, Positive);
        }

        if (queues is <= 0 or > MostQueues)
        {
            faults.Invalid(path + ".queues", queues, queues <= 0 ? Positive : $"must not be greater than {MostQueues}");
        }

        int bits = queues > 0 ? (int)Math.Ceiling(Math.Log2(queues) * hand) : 0;
        if (hand <= 0)
        {
            faults.Invalid(path + ".handSize", hand, Positive);
        }
        else if (hand > queues)
        {
            faults.Invalid(path + ".handSize", hand, $"should not be greater than queues ({queues})");
        }
        else if (bits > HashBits)
        {
            faults.Invalid(path + ".handSize", hand, $"required entropy bits of deckSize {queues} and handSize {hand} should not be greater than {HashBits}");
        }
    }
}
