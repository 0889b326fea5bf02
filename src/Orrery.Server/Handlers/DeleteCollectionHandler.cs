using System.Globalization;
using System.IO.Pipelines;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>DELETE of a collection: every object that the selectors choose, each as a delete of its own. Answers what was chosen.</summary>
internal static class DeleteCollectionHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        AnswerForm form = AnswerForm.Read(request);
        ListOptions options = ListOptions.Read(request.Query, watch: false);
        Selection selection = Selection.Read(options, request.Resource);
        DeleteOptions delete = await DeleteHandler.ReadOptionsAsync(request, cancellationToken);

        await request.Server.Caches.WaitForLatestAsync(cancellationToken);
        string prefix = StoreKey.Prefix(request.Resource.StoredAs, request.Cluster, request.Namespace);
        List<CachedObject> chosen = [.. ObjectStore.Range(request.Server.Objects.Current(request.Resource), request.Cluster, prefix).Where(selection.Matches)];
        foreach (CachedObject item in chosen)
        {
            try
            {
                await request.Server.Deletion.DeleteAsync(DeleteHandler.Scope(request, item.Name, delete) with { Namespace = item.Namespace }, delete, cancellationToken);
            }
            catch (StatusException gone) when (gone.IsNotFound)
            {
                // Somebody else was faster.
            }
        }

        request.Http.Response.StatusCode = 200;
        request.Http.Response.ContentType = "application/json";
        PipeWriter output = request.Http.Response.BodyWriter;
        var head = new ListHead(request.Server.Caches.Revision.ToString(CultureInfo.InvariantCulture), "", null);
        await form.WriteListAsync(request, output, head, chosen, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }
}
