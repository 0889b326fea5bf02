using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

internal sealed class ControllerRevisionRule : KindRule
{
    public override void Default(JsonObject o) => o.Fill("revision", 0);

    public override void Validate(JsonObject o, Faults faults)
    {
        if (!o.Has("data"))
        {
            faults.Required("data", "data is mandatory");
        }

        faults.MayNotBeNegative("revision", o.Number("revision"));
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        faults.MayNotChange("data", o["data"], old["data"]);
    }
}
