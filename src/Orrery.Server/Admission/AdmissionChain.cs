namespace Orrery.Server.Admission;

/// <summary>The admission stage: every plugin in order, the first refusal wins.</summary>
internal sealed class AdmissionChain(IReadOnlyList<IAdmissionPlugin> plugins)
{
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        foreach (IAdmissionPlugin plugin in plugins)
        {
            await plugin.AdmitAsync(request, cancellationToken);
        }
    }
}
