using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers;

/// <summary>People read of each transition of an object's conditions as an Event of it.</summary>
internal static class ConditionEvents
{
    /// <param name="before">The object as it was before <paramref name="status"/> was written.</param>
    /// <param name="types">Conditions that are told of. One whose state is no judgement (a tenant is suspended because somebody said so) is never a warning, and that it begins as False is no news.</param>
    public static void Tell(EventRecorder events, KubeObject before, JsonObject status, IReadOnlyCollection<string> types, string? noJudgement = null)
    {
        foreach (JsonObject condition in (status["conditions"] as JsonArray ?? []).OfType<JsonObject>())
        {
            string type = condition.TextAt("type") ?? "", state = condition.TextAt("status") ?? "";
            ConditionState? known = Conditions.Find(before, type);
            bool isNews = known is null ? type != noJudgement || state != Conditions.False : known.Status != state || known.Reason != condition.TextAt("reason");
            if (!isNews || !types.Contains(type))
            {
                continue;
            }

            bool good = state != Conditions.False || type == noJudgement;
            events.Record(before, good ? "Normal" : "Warning", condition.TextAt("reason") ?? type, $"{type}: {condition.TextAt("message")}");
        }
    }
}
