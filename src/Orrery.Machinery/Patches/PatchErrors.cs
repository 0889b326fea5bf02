using Orrery.Api;

namespace Orrery.Machinery.Patches;

/// <summary>A test operation did not hold: whoever patches on condition wants nothing done then.</summary>
internal sealed class FailedTestException(string message) : FormatException(message);

/// <summary>The answers that upstream's patch handler gives (apiserver <c>pkg/endpoints/handlers/patch.go</c>).</summary>
internal static class PatchErrors
{
    /// <summary>422 without particulars: upstream hides why a patch could not be carried out. The reason stays in the inner exception.</summary>
    public static StatusException Rejected(string why) => Rejected(new FormatException(why));

    public static StatusException Rejected(FormatException why) => new(
        new Status
        {
            Code = 422,
            Reason = StatusReason.Invalid,
            Message = "the server rejected our request due to an error in our request",
            Details = new StatusDetails(),
        },
        why);

    public static StatusException Undecodable(string why) => ApiErrors.BadRequest($"error decoding patch: {why}");

    /// <summary>500 with the bare text: errors that upstream does not translate.</summary>
    public static StatusException Plain(string message) => new(new Status { Code = 500, Message = message });
}
